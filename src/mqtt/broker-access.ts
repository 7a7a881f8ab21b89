import { readFileSync } from 'node:fs';
import { ConfigError } from '../contract/errors.js';
import type { Broker } from '../session/broker-choice.js';
import type { SettingNames } from '../session/broker-error.js';
import { brokerAt, isSecure } from '../session/connect-options.js';

/** Our own broker takes no larger message, bytes: a still of twelve megapixels has half of that. */
export const maxPayload = 8 * 1024 * 1024;

/** What a TLS connection needs; files are PEM. The broker's certificate is verified unless `verify` is false. */
export interface BrokerTls {
  /** Certificates to be trusted, in place of the system's. */
  ca?: string | undefined;
  /** Our own certificate and its key, if the broker wants to know us by them. */
  certificate?: string | undefined;
  key?: string | undefined;
  /** The name that the broker's certificate is for, if it is not the one in the URL. */
  serverName?: string | undefined;
  verify?: boolean | undefined;
}

/** How one broker is reached, and who we are there, as the settings have it. */
export interface BrokerAccess {
  username?: string | undefined;
  password?: string | undefined;
  tls?: BrokerTls | undefined;
}

/** What errors call the settings of the daemon. */
export const settingNames: SettingNames = {
  user: '`mqtt.username` and `mqtt.password`',
  clientId: 'give each daemon a `node` name of its own',
  url: '`mqtt.url`',
  baseTopic: '`mqtt.baseTopic`',
  tls: '`mqtt.tls`',
};

/**
 * The broker at an address of the settings. TLS files are read before each attempt.
 *
 * @throws ConfigError if it is the address of no broker
 */
export function configuredBroker(url: string, { username, password, tls = {} }: BrokerAccess): Broker {
  const access = () => ({ username, password, ...(isSecure(url) && { tls: readTls(tls) }) });
  return brokerAt(url, access, settingNames);
}

/** The same with the files' texts in place of their paths. @throws ConfigError with the setting that names the file */
export function readTls({ ca, certificate, key, ...others }: BrokerTls) {
  const text = (setting: string, path: string | undefined) => path && read(`mqtt.tls.${setting}`, path).toString();
  return { ...others, ca: text('ca', ca), certificate: text('certificate', certificate), key: text('key', key) };
}

/** @throws ConfigError with the setting that names the file */
export function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError(
      'ERR_CONFIG_BROKER_TLS',
      'config',
      `the file of \`${setting}\` can't be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}
