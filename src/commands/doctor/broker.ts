import type { Settings } from '../../config/schema.js';
import { configuredBroker } from '../../mqtt/broker-access.js';
import { EmbeddedBroker } from '../../mqtt/embedded-broker.js';
import { openSession } from '../open-session.js';
import { type Check, failed, ok, warn } from './check.js';

const name = 'broker';

/**
 * Whether the broker takes us, under a client id of its own and without a word on any topic, so that a running daemon
 * is not disturbed. Where none is configured: whether ours would get its port.
 *
 * @param strictPort our own broker's port was asked for by name
 */
export function checkBroker(settings: Settings, strictPort: boolean): Promise<Check> {
  const { url } = settings.mqtt;
  return url === undefined ? checkOwn(settings, strictPort) : checkConfigured(settings, url);
}

async function checkOwn({ mqtt }: Settings, strict: boolean): Promise<Check> {
  const { host, port } = mqtt.broker;
  try {
    const broker = new EmbeddedBroker({ ...mqtt.broker, strict });
    await broker.start();
    const got = broker.port;
    await broker.stop();
    if (port === 0 || got === port) return ok(name, `none configured; port ${got} of ${host} is free for our own`);
    const advice = `if a broker listens there, use it with \`mqtt.url: mqtt://${host}:${port}\`; if it is this daemon, all is well`;
    return warn(name, `none configured, and port ${port} of ${host} is in use: our own would take ${got}`, advice);
  } catch (error) {
    return failed(name, error);
  }
}

async function checkConfigured(settings: Settings, url: string): Promise<Check> {
  try {
    const session = await openSession(configuredBroker(url, settings.mqtt), settings, 'doctor');
    await session.stop();
    return ok(name, `${session.url} takes us, MQTT ${session.version === 5 ? '5' : '3.1.1'}`);
  } catch (error) {
    return failed(name, error);
  }
}
