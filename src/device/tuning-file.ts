import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RuntimeSettings } from '../config/schema.js';
import { StateError } from '../contract/errors.js';
import type { ModelCard } from '../contract/model-card.js';
import { type Tuning, type TuningKey, tuning } from '../contract/tuning.js';
import type { Board } from './board.js';

/** @throws when the package onnxruntime-node is not there */
export function tuningKey(board: Board, card: ModelCard, { library }: Pick<RuntimeSettings, 'library'>): TuningKey {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  const kinds = board.cpu.kinds.map(({ name, count }) => `${count} x ${name}`).join(' + ');
  return {
    board: [board.model, board.soc, kinds || `${board.cpu.cores} cores`].filter(Boolean).join(', '),
    model: [card.files.fp32, card.files.int8].flatMap((file) => (file ? [file.sha256] : [])).join(' '),
    runtime: `onnxruntime ${version}${library === undefined ? '' : ` ${library}`}`,
  };
}

export function tuningPath(stateDirectory: string, { board, model, runtime }: TuningKey): string {
  const name = createHash('sha256')
    .update(JSON.stringify([board, model, runtime]))
    .digest('hex')
    .slice(0, 16);
  return join(stateDirectory, 'tuning', `${name}.json`);
}

/** Undefined where nothing was measured for this key; a damaged file counts as none, and `tune` writes it anew. */
export async function readTuning(stateDirectory: string, key: TuningKey): Promise<Tuning | undefined> {
  const text = await readFile(tuningPath(stateDirectory, key), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const found = tuning.parse(JSON.parse(text));
    return JSON.stringify(found.key) === JSON.stringify(key) ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @returns the file's path
 * @throws {StateError} ERR_STATE_TUNING
 */
export async function writeTuning(stateDirectory: string, content: Tuning): Promise<string> {
  const path = tuningPath(stateDirectory, content.key);
  try {
    await mkdir(join(stateDirectory, 'tuning'), { recursive: true });
    await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`);
    await rename(`${path}.new`, path); // a daemon that starts meanwhile reads the old one or the new one
  } catch (error) {
    const what = `${path} can’t be written: ${(error as Error).message}. Name another folder with stateDirectory.`;
    throw new StateError('ERR_STATE_TUNING', 'state', what, { cause: error });
  }
  return path;
}
