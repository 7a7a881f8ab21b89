import type { IClientOptions } from 'mqtt';
import { ConfigError } from '../contract/errors.js';
import type { Access, TlsOptions } from './access.js';
import type { Broker } from './broker-choice.js';
import type { SettingNames } from './broker-error.js';

/**
 * The broker at an address.
 *
 * @param url `mqtt://`, `mqtts://` (the certificate is verified), `ws://` or `wss://`
 * @param access called before each attempt
 * @throws ConfigError `ERR_CONFIG_BROKER_URL` if it is the address of no broker
 */
export function brokerAt(url: string, access: () => Access, names: SettingNames): Broker {
  const address = parseBrokerUrl(url, names);
  const shown = `${address.protocol}//${address.host}`;
  return { shown, connectOptions: () => connectOptions(address, access(), names) };
}

/** Whether what is said there is encrypted. */
export function isSecure(url: string): boolean {
  return /^(mqtts|wss):/.test(url);
}

function parseBrokerUrl(url: string, names: SettingNames): URL {
  if (/^(mqtts?|wss?):\/\//.test(url) && URL.canParse(url) && new URL(url).hostname !== '') return new URL(url);
  const message = `${names.url} is not the address of a broker; it looks like mqtt://host:1883, mqtts://host:8883 or ws://host`;
  throw new ConfigError('ERR_CONFIG_BROKER_URL', 'config', message);
}

function connectOptions(address: URL, access: Access, names: SettingNames): IClientOptions {
  const protocol = address.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const username = access.username ?? (decodeURIComponent(address.username) || undefined);
  const password = access.password ?? (decodeURIComponent(address.password) || undefined);
  if (password !== undefined && username === undefined) {
    const message = `a password is set, but no user name: a broker is told one only together with the other (${names.user})`;
    throw new ConfigError('ERR_CONFIG_BROKER_USER', 'config', message);
  }
  const isWebSocket = protocol.startsWith('ws');
  return {
    protocol,
    // mqtt.js makes a URL of a WebSocket's host again, in which an IPv6 address has its brackets.
    hostname: isWebSocket ? address.hostname : address.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.port) || { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }[protocol],
    ...(isWebSocket && { path: address.pathname + address.search }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isSecure(address.protocol) && tlsOptions(access.tls ?? {}, names)),
  };
}

function tlsOptions(
  { ca, certificate, key, serverName, verify = true }: TlsOptions,
  names: SettingNames,
): IClientOptions {
  if ((certificate === undefined) !== (key === undefined)) {
    const message = `\`certificate\` and \`key\` of ${names.tls} belong together: one proves the other`;
    throw new ConfigError('ERR_CONFIG_BROKER_TLS', 'config', message);
  }
  // mqtt.js hands most of them on to a WebSocket's TLS by itself, the name not.
  const name =
    serverName === undefined ? {} : { servername: serverName, wsOptions: { servername: serverName } as object };
  return {
    rejectUnauthorized: verify,
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...name,
  };
}
