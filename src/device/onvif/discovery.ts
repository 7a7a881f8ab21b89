import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { textOf, textsOf } from './xml.js';

/** A device that calls itself a network video transmitter, as it answered. */
export interface OnvifDevice {
  /** As it calls itself; its address where it says nothing. */
  name: string;
  /** Of the machine that answered. */
  host: string;
  /** Its device service. */
  service: URL;
}

export interface ProbeOptions {
  /** How long is listened for answers, ms. */
  waitMs?: number;
  /** Addresses of this machine that are asked from; by default all of IPv4 but the loopback's. */
  from?: readonly string[];
  /** Of WS-Discovery; another one in tests. */
  port?: number;
}

/** WS-Discovery (OASIS 1.1; ONVIF core specification, 7.3) over IPv4. */
const group = '239.255.255.250';
const usualPort = 3702;
const usualWaitMs = 2500;
/** UDP loses messages, so it is asked twice, with this between, ms. */
const againMs = 300;
/** Whoever answers more often wastes our memory only up to here. */
const maxDevices = 64;

/**
 * Asks all networks that this machine is in for ONVIF cameras. A library would do it (`onvif` 0.8 is kept up), but its
 * discovery throws out of its own callbacks at an answer that lacks something: any machine in the network could end us.
 *
 * @returns by host; where no network can be asked, none
 */
export async function probeOnvif(options: ProbeOptions = {}): Promise<OnvifDevice[]> {
  const { waitMs = usualWaitMs, from = ownAddresses(), port = usualPort } = options;
  const found = new Map<string, OnvifDevice>();
  const id = `urn:uuid:${randomUUID()}`;
  const message = probe(id);
  const sockets = from.map((address) => open(address, port, message));
  for (const socket of sockets) {
    socket.on('message', (answer, { address }) => {
      const device = readMatch(answer.toString('utf8'), id, address);
      if (device !== undefined && found.size < maxDevices) found.set(device.host, device);
    });
  }
  await sleep(waitMs);
  for (const socket of sockets) socket.close();
  return [...found.values()].sort((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }));
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}

/** One socket for each network: a multicast leaves through one of them only. */
function open(address: string, port: number, message: string): Socket {
  const socket = createSocket('udp4');
  // A network that is down, or that lets no multicast through, has no cameras for us; others may.
  socket.on('error', () => {});
  const send = () => {
    try {
      socket.send(message, port, group, () => {});
    } catch {
      // Closed meanwhile.
    }
  };
  socket.bind(0, address, () => {
    try {
      socket.setMulticastInterface(address);
    } catch {
      return; // the address is gone
    }
    send();
    setTimeout(send, againMs).unref();
  });
  return socket;
}

function probe(id: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header><a:MessageID>${id}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></s:Header><s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>`;
}

/** @param host that sent it: a service elsewhere is not asked, or anybody could have us ask whatever they like */
function readMatch(xml: string, id: string, host: string): OnvifDevice | undefined {
  if (textOf(xml, 'RelatesTo') !== id) return undefined;
  const addresses = textsOf(xml, 'XAddrs').flatMap((text) => text.split(/\s+/));
  const service = addresses
    .filter((address) => /^https?:/i.test(address) && URL.canParse(address))
    .map((address) => new URL(address))
    .find(({ hostname }) => hostname === host);
  if (service === undefined) return undefined;
  const scopes = textsOf(xml, 'Scopes').flatMap((text) => text.split(/\s+/));
  return { name: scopeOf(scopes, 'name') ?? scopeOf(scopes, 'hardware') ?? host, host, service };
}

/** `onvif://www.onvif.org/name/Front%20door`. */
function scopeOf(scopes: readonly string[], kind: 'name' | 'hardware'): string | undefined {
  const prefix = `onvif://www.onvif.org/${kind}/`;
  const value = scopes.find((scope) => scope.startsWith(prefix))?.slice(prefix.length);
  if (value === undefined) return undefined;
  try {
    return (
      decodeURIComponent(value)
        .replace(/\p{Cc}/gu, ' ')
        .trim()
        .slice(0, 64) || undefined
    );
  } catch {
    return undefined;
  }
}
