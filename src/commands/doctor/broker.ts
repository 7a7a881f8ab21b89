import { connect, type ErrorWithReasonCode, type IClientOptions } from 'mqtt';
import { maskUrl } from '../../config/mask.js';
import type { Settings } from '../../config/schema.js';
import { awayError, connectError, reasons } from '../../mqtt/broker-error.js';
import { connectOptions } from '../../mqtt/connect-options.js';
import { EmbeddedBroker } from '../../mqtt/embedded-broker.js';
import { type Check, failed, ok, warn } from './check.js';

const name = 'broker';
/** How long the broker may take to hang up after our DISCONNECT. ms. */
const farewellMs = 300;

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

async function checkConfigured({ mqtt, node }: Settings, url: string): Promise<Check> {
  try {
    const version = await tryBroker(url, mqtt, `${node}-doctor-${process.pid}`);
    return ok(name, `${maskUrl(url)} takes us, MQTT ${version}`);
  } catch (error) {
    return failed(name, error);
  }
}

/**
 * @returns the version of MQTT that it speaks with us
 * @throws {BrokerError} why it does not take us
 */
export function tryBroker(url: string, mqtt: Settings['mqtt'], clientId: string): Promise<'5' | '3.1.1'> {
  const connectTimeout = mqtt.connectSeconds * 1000;
  return tryVersions(url, { ...connectOptions(url, mqtt), clientId, connectTimeout, reconnectPeriod: 0 });
}

/** MQTT 5, and 3.1.1 for a broker that doesn't speak it. */
async function tryVersions(url: string, options: IClientOptions): Promise<'5' | '3.1.1'> {
  try {
    await attempt({ ...options, protocolVersion: 5 });
    return '5';
  } catch (error) {
    const reason = (error as ErrorWithReasonCode).code;
    if (!(reasons.unsupportedVersion as readonly number[]).includes(reason)) throw explain(url, error as Error);
  }
  await attempt({ ...options, protocolVersion: 4 }).catch((error) => {
    throw explain(url, error);
  });
  return '3.1.1';
}

function explain(url: string, error: Error): Error {
  const { code } = error as Partial<ErrorWithReasonCode>;
  return typeof code === 'number' ? connectError(maskUrl(url), code) : awayError(maskUrl(url), error);
}

function attempt(options: IClientOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = connect(options);
    const end = (error: Error) => {
      client.end(true);
      reject(error);
    };
    client.on('error', end); // more than one may come, and none may be left without a listener
    client.once('close', () => end(new Error('the connection was closed')));
    client.once('connect', () => {
      resolve(); // first: the end of the connection is no failure any more
      client.end();
      const timer = setTimeout(() => client.stream.destroy(), farewellMs);
      client.once('close', () => clearTimeout(timer));
    });
  });
}
