import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FfmpegSource } from './source.js';
import { sourceError } from './source-error.js';

/**
 * Finds out whether a camera's host has an address. FFmpeg would say no more than "Input/output error" where it has
 * none, and could not be interrupted while it waits for a name server that is gone.
 *
 * @throws {SourceError} ERR_SOURCE_HOST
 */
export async function resolveHost({ url, network }: FfmpegSource): Promise<void> {
  if (network === undefined) return;
  const timer = new AbortController();
  const late = sleep(network.timeoutMs, 'late', { signal: timer.signal }).catch(() => 'late');
  try {
    if ((await Promise.race([lookup(network.host), late])) !== 'late') return;
  } catch (error) {
    throw unknownHost(url, network.host, error);
  } finally {
    timer.abort();
  }
  throw unknownHost(url, network.host);
}

function unknownHost(url: string, host: string, cause?: unknown) {
  const what = cause === undefined ? 'no name server answers for' : 'there is no address for the name';
  const advice = 'Check the name and the network, or write the camera’s address in numbers';
  return sourceError('ERR_SOURCE_HOST', 'unreachable', `source ${url}: ${what} "${host}". ${advice}.`, cause);
}
