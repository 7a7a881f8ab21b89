import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { SourceError } from '../../contract/errors.js';
import { type Named, sourceError } from './source-error.js';

/** Only these schemes have a certificate. */
export function isSecure(url: string): boolean {
  return /^(?:rtsps|https):/i.test(url);
}

/** What has to be said of a camera whose certificate is not checked. */
export function certificateNotes({ url, network }: Named): string[] {
  if (!isSecure(url) || network === undefined || network.tls.verify) return [];
  const risk = 'anybody in between can see and change the pictures, and see the password';
  return [`WARNING: its certificate is not checked (network.tls.verify: false): ${risk}`];
}

/**
 * How Node connects with TLS to a camera.
 *
 * @throws {SourceError} ERR_SOURCE_ACCESS if the file of `network.tls.ca` can't be read
 */
export function tlsOptions({ url, network }: Named): ConnectionOptions {
  const { verify = true, ca, serverName } = network?.tls ?? {};
  if (!verify) return { rejectUnauthorized: false };
  const name = serverName === undefined ? {} : { servername: serverName };
  if (ca === undefined) return name;
  try {
    return { ...name, ca: readFileSync(ca) };
  } catch (cause) {
    const what = `source ${url}: the file of network.tls.ca can’t be read: ${(cause as Error).message}`;
    throw sourceError('ERR_SOURCE_ACCESS', 'config', `${what}. Check its path and its mode.`, cause);
  }
}

/** OpenSSL's reasons as Node names them, in our words; undefined if it is another error. */
export function certificateError({ url, network }: Named, cause: unknown): SourceError | undefined {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (!/CERT|SIGNATURE|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/.test(code)) return undefined;
  const what = `source ${url} shows a certificate that is not to be trusted (${code})`;
  const save = `openssl s_client -connect ${network?.host}:PORT </dev/null | openssl x509 > camera.pem`;
  const advice =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'Use the name that it is for, or say it in network.tls.serverName'
      : `Most cameras sign their own: save it (${save}) and name that file in network.tls.ca. network.tls.verify: false ` +
        'checks nothing, so that anybody in between can see the pictures and the password';
  return sourceError('ERR_SOURCE_CERTIFICATE', 'unreachable', `${what}. ${advice}.`, cause);
}

/** FFmpeg says no more than "Input/output error" of a certificate: finds out whether that is it. */
export async function certificateProblem(source: Named): Promise<SourceError | undefined> {
  if (!isSecure(source.url) || source.network === undefined || !source.network.tls.verify) return undefined;
  const { port, protocol } = new URL(source.url);
  const { host, timeoutMs } = source.network;
  const options = { host, port: Number(port) || (protocol === 'https:' ? 443 : 322), ...tlsOptions(source) };
  const socket = connect({ ...options, ...(isIP(host) === 0 && { servername: host }), ...tlsOptions(source) });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return undefined;
  } catch (error) {
    return certificateError(source, error);
  } finally {
    socket.destroy();
  }
}
