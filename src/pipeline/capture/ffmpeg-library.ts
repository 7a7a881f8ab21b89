import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Keeps FFmpeg's library in the process: Node unloads what only threads have loaded with the last of them. Of node-av that
 * is one file; the rest is JavaScript that wraps it, for the threads, and would take this one five times as long and
 * 11 MB.
 *
 * @throws {Error} where the library can't be loaded on this machine
 */
export async function holdFfmpeg(): Promise<void> {
  const index = createRequire(import.meta.url).resolve('node-av/lib');
  await import(new URL('./binding.js', pathToFileURL(index)).href);
}
