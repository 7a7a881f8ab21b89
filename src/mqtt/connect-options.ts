import { readFileSync } from 'node:fs';
import type { IClientOptions } from 'mqtt';
import { ConfigError } from '../contract/errors.js';

/** What a TLS connection needs; files are PEM. The broker's certificate is verified unless `verify` is false. */
export interface BrokerTls {
  /** Certificates to be trusted, in place of the system's. */
  ca?: string | undefined;
  /** Our own certificate and its key, where the broker wants to know us by them. */
  certificate?: string | undefined;
  key?: string | undefined;
  /** The name that the broker's certificate is for, where it is not the one in the URL. */
  serverName?: string | undefined;
  verify?: boolean | undefined;
}

/** How one broker is reached, and who we are there. */
export interface BrokerAccess {
  username?: string | undefined;
  password?: string | undefined;
  tls?: BrokerTls | undefined;
}

/**
 * mqtt.js's options for one broker. The files are read each time, so that a renewed certificate counts from the next
 * session on.
 *
 * @throws ConfigError where the URL is none of a broker, or a file of the TLS settings can't be read
 */
export function connectOptions(url: string, access: BrokerAccess): IClientOptions {
  const address = parseBrokerUrl(url);
  const protocol = address.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const username = access.username ?? (decodeURIComponent(address.username) || undefined);
  const password = access.password ?? (decodeURIComponent(address.password) || undefined);
  if (password !== undefined && username === undefined) {
    throw new ConfigError(
      'ERR_CONFIG_BROKER_USER',
      'config',
      '`mqtt.password` is set, but no `mqtt.username`: a broker is told a password only together with a name',
    );
  }
  return {
    protocol,
    hostname: address.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.port) || { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }[protocol],
    ...(protocol.startsWith('ws') && { path: address.pathname + address.search }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isSecure(url) && tlsOptions(access.tls ?? {})),
  };
}

/** @throws ConfigError where it is none of a broker */
export function parseBrokerUrl(url: string): URL {
  if (/^(mqtts?|wss?):\/\//.test(url) && URL.canParse(url) && new URL(url).hostname !== '') return new URL(url);
  throw new ConfigError(
    'ERR_CONFIG_BROKER_URL',
    'config',
    `\`mqtt.url\` is not the address of a broker; it looks like mqtt://host:1883, mqtts://host:8883 or ws://host`,
  );
}

/** Whether what is said there is encrypted. */
export function isSecure(url: string): boolean {
  return /^(mqtts|wss):/.test(url);
}

function tlsOptions({ ca, certificate, key, serverName, verify = true }: BrokerTls): IClientOptions {
  if ((certificate === undefined) !== (key === undefined)) {
    throw new ConfigError(
      'ERR_CONFIG_BROKER_TLS',
      'config',
      '`mqtt.tls.certificate` and `mqtt.tls.key` belong together: one proves the other',
    );
  }
  const files = {
    ...(ca !== undefined && { ca: read('mqtt.tls.ca', ca) }),
    ...(certificate !== undefined && { cert: read('mqtt.tls.certificate', certificate) }),
    ...(key !== undefined && { key: read('mqtt.tls.key', key) }),
  };
  // mqtt.js hands most of them on to a WebSocket's TLS by itself, the name not.
  const name =
    serverName === undefined ? {} : { servername: serverName, wsOptions: { servername: serverName } as object };
  return { rejectUnauthorized: verify, ...files, ...name };
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
