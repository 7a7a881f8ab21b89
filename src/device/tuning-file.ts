import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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

/** Why no tuning is used. */
export interface NoTuning {
  unusable: string;
  /** Nobody has tuned for this board, model and runtime, so nothing is wrong. */
  expected: boolean;
}

/** What was measured for this key. `tune` writes a damaged file anew. */
export async function readTuning(stateDirectory: string, key: TuningKey): Promise<Tuning | NoTuning> {
  const path = tuningPath(stateDirectory, key);
  const anew = 'run `minspnet tune` again';
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') {
    if (text.code !== 'ENOENT') return { unusable: `${path} can’t be read: ${text.message}`, expected: false };
    const others = await readdir(dirname(path)).catch(() => []);
    const what = 'nothing was measured for this board, model and ONNX Runtime';
    if (others.length === 0) return { unusable: `${what}: run \`minspnet tune\``, expected: true };
    return { unusable: `${what}, only for others (${dirname(path)}): ${anew}`, expected: false };
  }
  try {
    const found = tuning.parse(JSON.parse(text));
    if (JSON.stringify(found.key) === JSON.stringify(key)) return found;
    return { unusable: `${path} is of another board, model or ONNX Runtime: ${anew}`, expected: false };
  } catch {
    return { unusable: `${path} is damaged or of another version: ${anew}`, expected: false };
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
