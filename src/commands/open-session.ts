import type { Settings } from '../config/schema.js';
import { settingNames } from '../mqtt/broker-access.js';
import type { Broker } from '../session/broker-choice.js';
import { Session } from '../session/session.js';

/**
 * A session of a command, under a client id of its own, so that a running daemon is not disturbed. The caller stops it.
 *
 * @throws BrokerError why the broker does not take us; it is tried once
 */
export async function openSession(broker: Broker, { node, mqtt }: Settings, command: string): Promise<Session> {
  const session = new Session({
    brokers: [broker],
    names: settingNames,
    clientId: `${node}-${command}-${process.pid}`,
    connectMs: mqtt.connectSeconds * 1000,
  });
  await session.open();
  return session;
}
