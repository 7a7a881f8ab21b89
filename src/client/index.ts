import { type ConnectOptions, MinspnetClient } from './client.js';

export { BrokerError, MinspnetError, RequestError } from '../contract/errors.js';
export type { Event, EventType, Gap } from '../contract/event.js';
export type { Health } from '../contract/health.js';
export type { CameraState, CameraStatus, Info, Status } from '../contract/status.js';
export type { ClientCounters, ClientEvents, ConnectOptions, MinspnetClient } from './client.js';
export type { EventFilter, NodeEvent, NodeGap, NodeSnapshot, NodeState } from './messages.js';
export type { GapReason, Position } from './sequence.js';
export type { TlsOptions } from './session.js';
export type { EventStream } from './stream.js';

/**
 * Subscribes to the boards of a broker; in Node and in browsers (there with `ws://` or `wss://`).
 *
 * @param url the broker, or several of which one at a time is used
 * @throws BrokerError `ERR_BROKER_REFUSED` where the broker says no, `ERR_BROKER_AWAY` where none answers in time
 */
export async function connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<MinspnetClient> {
  const client = new MinspnetClient(typeof url === 'string' ? [url] : url, options);
  await client.start();
  return client;
}
