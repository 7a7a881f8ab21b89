import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../contract/errors.js';
import {
  type AnyCard,
  isTaught,
  type ModelCard,
  type Precision,
  parseCard,
  type Task,
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
 * @throws {ModelError} ERR_MODEL_MISSING, ERR_MODEL_CARD, ERR_MODEL_PRECISION, ERR_MODEL_CORRUPT, ERR_MODEL_TASK
 */
export async function loadModel(model: string, precision: Precision | 'auto'): Promise<VerifiedModel>;
/**
 * @param task what it must do; a model of another one is refused
 * @param places folders of models, besides that of those that come with us
 */
export async function loadModel<T extends Task>(
  model: string,
  precision: Precision | 'auto',
  task: T,
  places?: readonly string[],
): Promise<VerifiedModel<T>>;
export async function loadModel(
  model: string,
  precision: Precision | 'auto',
  task: Task = 'detect',
  places: readonly string[] = [],
): Promise<VerifiedModel<Task>> {
  const folder = await findFolder(model, places);
  const card = await readCardOf(folder, task);
  if (precision !== 'auto') return { card, ...(await verify(folder, card, precision)) };
  const fp32 = await verify(folder, card, 'fp32');
  if (card.files.int8 === undefined) return { card, ...fp32 };
  return { card, ...(await verify(folder, card, 'int8')), onGpu: fp32 };
}

/**
 * A model's card alone: nobody has looked at its files.
 *
 * @throws {ModelError} ERR_MODEL_MISSING, ERR_MODEL_CARD, ERR_MODEL_TASK
 */
export async function findCard<T extends Task>(
  model: string,
  task: T,
  places?: readonly string[],
): Promise<ModelCard<T>> {
  return await readCardOf(await findFolder(model, places), task);
}

async function readCardOf<T extends Task>(folder: string, task: T): Promise<ModelCard<T>> {
  return requireTask(await readCard(join(folder, 'card.json')), task);
}

const doing: Record<Task, string> = {
  detect: 'find objects (a detector: minspnet-s)',
  classify: 'name what a picture shows (a classifier: minspnet-s-cls)',
  segment: 'outline objects (a segmenter: minspnet-s-seg)',
};

/** @throws {ModelError} ERR_MODEL_TASK */
function requireTask<T extends Task>(card: AnyCard, task: T): ModelCard<T> {
  if (card.task === task && !isTaught(card)) return card as ModelCard<T>;
  const is = isTaught(card) ? `a head that was taught on ${card.output.base.name}` : `for the task “${card.task}”`;
  const what = `model ${card.name} is ${is}; here one is needed that can ${doing[task]}.`;
  throw new ModelError('ERR_MODEL_TASK', 'model', `${what} Name such a model.`);
}

async function verify(folder: string, card: ModelCard<Task>, precision: Precision): Promise<VerifiedFile> {
  const file = card.files[precision];
  if (file === undefined) {
    const has = Object.keys(card.files).join(', ');
    throw new ModelError('ERR_MODEL_PRECISION', 'model', `model ${card.name} has no ${precision} file, only ${has}.`);
  }
  const path = join(folder, file.file);
  const locations = await verifyFile(path, file.sha256);
  const { external = [] } = file;
  const unknown = [...locations].find((location) => !external.some((one) => one.file === location));
  if (unknown !== undefined) {
    throw new ModelError(
      'ERR_MODEL_CORRUPT',
      'model',
      `${path} keeps weights in ${unknown}, which its card does not name, so nobody can tell whether it is damaged. ` +
        `Name it as \`external\` in the card, or save the model as one file.`,
    );
  }
  for (const one of external) await verifyFile(join(folder, one.file), one.sha256);
  return { precision, path, sha256: file.sha256 };
}

/**
 * @returns where the file, if it is one of ONNX, keeps weights outside of itself
 * @throws {ModelError} ERR_MODEL_MISSING, ERR_MODEL_CORRUPT
 */
export async function verifyFile(path: string, sha256: string): Promise<Set<string>> {
  const found = await read(path);
  if (found.sha256 !== sha256) {
    throw new ModelError(
      'ERR_MODEL_CORRUPT',
      'model',
      `${path} is not the file that its card names (sha256 ${found.sha256.slice(0, 12)}…, the card says ` +
        `${sha256.slice(0, 12)}…). ${advice}`,
    );
  }
  return found.locations;
}

/**
 * The folder of a model that is named.
 *
 * @throws {ModelError} ERR_MODEL_MISSING
 */
export async function findFolder(model: string, places: readonly string[] = []): Promise<string> {
  const candidates = [resolve(model), ...places.map((place) => join(place, model)), join(shipped, model)];
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

/** @throws {ModelError} ERR_MODEL_CARD */
export async function readCard(path: string): Promise<AnyCard> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.trim() === '') throw new Error('it is empty');
    return parseCard(JSON.parse(text));
  } catch (error) {
    const issues = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
    const what =
      issues?.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? (error as Error).message;
    throw new ModelError('ERR_MODEL_CARD', 'model', `${path} is no model card: ${what}. ${advice}`, { cause: error });
  }
}

/**
 * A tensor's `external_data` holds the key `location` and the file's name, as protobuf writes an entry of two strings:
 * field 1 of length 8, then field 2 (StringStringEntryProto of onnx.proto).
 */
const locationKey = Buffer.from('\n\x08location\x12', 'latin1');
/** More than a length and a file's name; what a part ends with begins the next one. Bytes. */
const longestEntry = 512;
/** Read at once, bytes. */
const partBytes = 64 * 1024;

async function read(path: string): Promise<{ sha256: string; locations: Set<string> }> {
  const sum = createHash('sha256');
  const locations = new Set<string>();
  // One for all parts: a stream makes one of each, 10 MB at every reload until the garbage is collected.
  const buffer = Buffer.allocUnsafe(longestEntry + partBytes);
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, partBytes);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, kept + bytesRead);
      sum.update(bytes.subarray(kept));
      for (const location of locationsIn(bytes)) locations.add(location);
      kept = Math.min(longestEntry, bytes.length);
      bytes.copyWithin(0, bytes.length - kept);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'does not exist' : `can’t be read (${code})`;
    throw new ModelError(
      'ERR_MODEL_MISSING',
      'model',
      `${path}, which its card names, ${what}. Restore the file, or name another model.`,
      { cause: error },
    );
  } finally {
    await file?.close();
  }
  return { sha256: sum.digest('hex'), locations };
}

function* locationsIn(bytes: Buffer): Generator<string> {
  for (let at = bytes.indexOf(locationKey); at >= 0; at = bytes.indexOf(locationKey, at + 1)) {
    const start = at + locationKey.length;
    const [low = 0, high = 0] = bytes.subarray(start, start + 2); // a varint: names are shorter than two bytes count
    const [length, from] = low < 0x80 ? [low, start + 1] : [(low & 0x7f) | (high << 7), start + 2];
    if (from + length <= bytes.length) yield bytes.toString('utf8', from, from + length);
  }
}
