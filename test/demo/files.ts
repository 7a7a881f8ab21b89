import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Truth } from '../../demo/truth.js';

/** The repository's folder, from wherever this file has been compiled to. */
function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const clipBytes = (): Buffer => readFileSync(join(root(), 'demo', 'street.mp4'));
export const truthText = (): string => readFileSync(join(root(), 'demo', 'street.truth.json'), 'utf8');
export const readTruth = (): Truth => JSON.parse(truthText()) as Truth;
