import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../contract/errors.js';
import {
  type ModelCard,
  modelCard,
  type Precision,
  type VerifiedFile,
  type VerifiedModel,
} from '../contract/model-card.js';

/** The folder of the models that come with us. Seen from dist/src/model. */
export const shipped = fileURLToPath(new URL('../../../models/', import.meta.url));

const advice = 'Restore the file, or write the card anew with training/card.py.';

/**
 * Reads a model's card and checks the files that may run against it, so that a damaged or exchanged one never does.
 *
 * @param model a shipped model's name, or a folder with a card.json
 * @param precision `auto` prefers INT8, but FP32 on a GPU
 * @throws {ModelError} ERR_MODEL_MISSING, ERR_MODEL_CARD, ERR_MODEL_PRECISION, ERR_MODEL_CORRUPT
 */
export async function loadModel(model: string, precision: Precision | 'auto'): Promise<VerifiedModel> {
  const folder = await findFolder(model);
  const card = await readCard(join(folder, 'card.json'));
  if (precision !== 'auto') return { card, ...(await verify(folder, card, precision)) };
  const fp32 = await verify(folder, card, 'fp32');
  if (card.files.int8 === undefined) return { card, ...fp32 };
  return { card, ...(await verify(folder, card, 'int8')), onGpu: fp32 };
}

async function verify(folder: string, card: ModelCard, precision: Precision): Promise<VerifiedFile> {
  const file = card.files[precision];
  if (file === undefined) {
    const has = Object.keys(card.files).join(', ');
    throw new ModelError('ERR_MODEL_PRECISION', 'model', `model ${card.name} has no ${precision} file, only ${has}.`);
  }
  const path = join(folder, file.file);
  const sha256 = await hash(path);
  if (sha256 !== file.sha256) {
    throw new ModelError(
      'ERR_MODEL_CORRUPT',
      'model',
      `${path} is not the file that its card names (sha256 ${sha256.slice(0, 12)}…, the card says ` +
        `${file.sha256.slice(0, 12)}…). ${advice}`,
    );
  }
  return { precision, path, sha256 };
}

async function findFolder(model: string): Promise<string> {
  const candidates = [resolve(model), join(shipped, model)];
  for (const folder of candidates) {
    if ((await stat(join(folder, 'card.json')).catch(() => undefined))?.isFile()) return folder;
  }
  if ((await stat(resolve(model)).catch(() => undefined))?.isFile()) {
    const what = `"${model}" is a file. Name the folder that holds it and its card.json, as each of models/ does.`;
    throw new ModelError('ERR_MODEL_MISSING', 'model', what);
  }
  throw new ModelError(
    'ERR_MODEL_MISSING',
    'model',
    `no model "${model}": there is no card.json in ${candidates.join(' or ')}. Name a shipped model or a model folder.`,
  );
}

export async function readCard(path: string): Promise<ModelCard> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.trim() === '') throw new Error('it is empty');
    return modelCard.parse(JSON.parse(text));
  } catch (error) {
    const issues = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
    const what =
      issues?.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? (error as Error).message;
    throw new ModelError('ERR_MODEL_CARD', 'model', `${path} is no model card: ${what}. ${advice}`, { cause: error });
  }
}

async function hash(path: string): Promise<string> {
  const sum = createHash('sha256');
  try {
    await pipeline(createReadStream(path), sum);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'does not exist' : `can’t be read (${code})`;
    throw new ModelError(
      'ERR_MODEL_MISSING',
      'model',
      `${path}, which its card names, ${what}. Restore the file, or name another model.`,
      { cause: error },
    );
  }
  return sum.digest('hex');
}
