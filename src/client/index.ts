import { type ConnectOptions, MinspnetClient } from './client.js';

export { BrokerError, ConfigError, MinspnetError, RequestError } from '../contract/errors.js';
export type { Event, EventType, Gap } from '../contract/event.js';
export type { Health } from '../contract/health.js';
export type { RequestGives, RequestInput, RequestName } from '../contract/request.js';
export type { CameraState, CameraStatus, Info, Status } from '../contract/status.js';
export type { Access, TlsOptions } from '../session/access.js';
export type { ClientCounters, ClientEvents, ConnectOptions, MinspnetClient } from './client.js';
export type { EventFilter, NodeEvent, NodeGap, NodeSnapshot, NodeState } from './messages.js';
export type { RequestArguments, RequestOptions } from './requests.js';
export type { GapReason, Position } from './sequence.js';
export type { EventStream } from './stream.js';

/**
 * Subscribes to the boards of a broker; in Node and in browsers (there with `ws://` or `wss://`).
 *
 * @param url the broker, or several in order of preference: the next ones stand in while the first is away
 * @throws BrokerError `ERR_BROKER_REFUSED` if the broker says no, `ERR_BROKER_SUBSCRIBE` if it refuses a subscription,
 * `ERR_BROKER_AWAY` if none answers in time
 * @throws ConfigError `ERR_CONFIG_BROKER_…` if a URL or option can't be right
 */
export async function connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<MinspnetClient> {
  const urls = typeof url === 'string' ? [url] : url;
  const client = new MinspnetClient(urls, options);
  await client.start(urls.length);
  return client;
}
