import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { ModelError } from '../contract/errors.js';

/** So long a server may say nothing, milliseconds. */
const silenceMs = 30_000;

/**
 * What lies at an address, piece by piece.
 *
 * @param url `https:` or `file:`; a redirection to anything else is refused
 * @throws {ModelError} ERR_MODEL_DOWNLOAD
 */
async function* pieces(url: URL): AsyncGenerator<Uint8Array> {
  if (url.protocol === 'file:') {
    yield* createReadStream(url);
    return;
  }
  if (url.protocol !== 'https:') throw new Error('only https: and file: addresses are taken');
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(new Error(`nothing came for ${silenceMs / 1000} s`)), silenceMs);
  let timer = listen();
  try {
    const response = await fetch(url, { signal: silence.signal });
    if (!response.url.startsWith('https:'))
      throw new Error(`it leads to ${new URL(response.url).protocol}, not https:`);
    if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
    for await (const piece of response.body) {
      clearTimeout(timer);
      timer = listen();
      yield piece;
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param most bytes; what is longer is refused before it is read
 * @throws {ModelError} ERR_MODEL_DOWNLOAD
 */
export async function download(url: URL, most: number): Promise<Buffer> {
  const all: Uint8Array[] = [];
  await take(url, most, async (piece) => void all.push(piece));
  return Buffer.concat(all);
}

/**
 * Writes what lies at an address into a new file, which must be of that size and checksum.
 *
 * @throws {ModelError} ERR_MODEL_DOWNLOAD, ERR_MODEL_CORRUPT
 */
export async function downloadTo(path: string, url: URL, wanted: { bytes: number; sha256: string }): Promise<void> {
  const sum = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o644);
  try {
    await take(url, wanted.bytes, async (piece) => {
      sum.update(piece);
      bytes += piece.length;
      await file.writeFile(piece);
    });
    await file.sync();
  } finally {
    await file.close();
  }
  if (bytes === wanted.bytes && sum.digest('hex') === wanted.sha256) return;
  const what = `${shown(url)} is not the file that its card names (${bytes} bytes of ${wanted.bytes}, or another checksum).`;
  throw new ModelError('ERR_MODEL_CORRUPT', 'model', `${what} Try again, or ask whoever offers it.`);
}

async function take(url: URL, most: number, use: (piece: Uint8Array) => Promise<void>): Promise<void> {
  let bytes = 0;
  try {
    for await (const piece of pieces(url)) {
      bytes += piece.length;
      if (bytes > most) throw new Error(`it is longer than ${most} bytes`);
      await use(piece);
    }
  } catch (cause) {
    const { message, cause: below } = cause as Error;
    const why = below instanceof Error ? `${message}: ${below.message}` : message;
    throw new ModelError('ERR_MODEL_DOWNLOAD', 'model', `${shown(url)} can’t be read: ${why}. Check the address.`, {
      cause,
    });
  }
}

/** Without user, password and what follows the path. */
function shown(url: URL): string {
  return url.protocol === 'file:' ? url.pathname : `${url.protocol}//${url.host}${url.pathname}`;
}
