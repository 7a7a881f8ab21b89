import { hostname } from 'node:os';
import { type HttpSettings, isLoopback } from '../config/http-settings.js';

/**
 * Where the page is, for whoever is told of it: `http.url` of the settings; else the address that is listened on, or where
 * that is all of them, this machine's name. Undefined where there is no server.
 *
 * @param port that it listens on, where another one than the settings' was free
 */
export function httpAddress({ enabled, url, host, port: wanted }: HttpSettings, port = wanted): string | undefined {
  if (!enabled) return undefined;
  if (url !== undefined) return url.replace(/\/$/, '');
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** The same for other machines: undefined where only this machine is served. */
export function publicHttpAddress(settings: HttpSettings, port?: number): string | undefined {
  const reachable = settings.url !== undefined || !isLoopback(settings.host);
  return reachable ? httpAddress(settings, port) : undefined;
}
