import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TeachError } from '../../contract/errors.js';
import { modelsIn } from '../../daemon/state-directory.js';
import { keptPictures, namePattern } from '../../learn/store.js';
import { lockDirectory } from '../../mqtt/directory-lock.js';

/** Where the pictures come from. */
export interface Sources {
  /** `CLASS=DIR` each. */
  folder: string[];
  /** What requests have assigned to this model. */
  fromEvents: boolean;
  /** `CAMERA.REGION`: the same for a state of the settings. */
  state?: string;
  /** What the model was taught with before. */
  again: boolean;
}

export interface GatheredPicture {
  class: string;
  /** Pictures of one group are held out together; undefined: each picture is one. */
  group?: string;
  path: string;
}

/** Where pictures wait that requests have assigned to a class of a model: `CLASS/GROUP~NAME.jpg` below it. */
export function lessonsIn(stateDirectory: string, model: string): string {
  return join(stateDirectory, 'lessons', model);
}

/**
 * Nobody else teaches this model until it is disposed of.
 *
 * @throws {TeachError} ERR_TEACH_BUSY
 */
export async function lockLessons(stateDirectory: string, name: string): Promise<AsyncDisposable> {
  const folder = lessonsIn(stateDirectory, name);
  await mkdir(folder, { recursive: true });
  const unlock = await lockDirectory(folder);
  if (unlock === undefined) {
    const what = `${name} is being taught already, by another process. Wait until that has ended.`;
    throw new TeachError('ERR_TEACH_BUSY', 'state', what);
  }
  return { [Symbol.asyncDispose]: unlock };
}

/** @throws {TeachError} where a folder is not there, or nothing is */
export async function gather(name: string, stateDirectory: string, sources: Sources): Promise<GatheredPicture[]> {
  const pictures: GatheredPicture[] = [];
  for (const argument of sources.folder) pictures.push(...(await fromFolder(argument)));
  const wantsAssigned = sources.fromEvents || sources.state !== undefined;
  if (wantsAssigned) pictures.push(...(await assigned(lessonsIn(stateDirectory, name))));
  if (wantsAssigned || sources.again) pictures.push(...(await keptPictures(join(modelsIn(stateDirectory), name))));
  if (pictures.length > 0) return pictures;
  const what = `there are no pictures to teach ${name} with.`;
  const ways =
    '--folder CLASS=DIR for each class, or --from-events after assigning crops by request (docs/teaching.md)';
  throw new TeachError('ERR_TEACH_PICTURES', 'usage', `${what} Name them: ${ways}.`);
}

async function fromFolder(argument: string): Promise<GatheredPicture[]> {
  const at = argument.indexOf('=');
  const [name, folder] = [argument.slice(0, Math.max(0, at)), argument.slice(at + 1)];
  if (!namePattern.test(name) || folder === '') {
    const what = `--folder ${argument}: write CLASS=DIR; a class has 1 to 64 letters, digits, "_" or "-".`;
    throw new TeachError('ERR_TEACH_NAME', 'usage', what);
  }
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new TeachError(
      'ERR_TEACH_FOLDER',
      'input',
      `${resolve(folder)} is no folder. Name one with pictures of ${name}.`,
    );
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => ({ class: name, path: join(entry.parentPath, entry.name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function assigned(folder: string): Promise<GatheredPicture[]> {
  const pictures: GatheredPicture[] = [];
  for (const className of (await readdir(folder).catch(() => [])).toSorted()) {
    if (!namePattern.test(className)) continue;
    for (const file of (await readdir(join(folder, className)).catch(() => [])).toSorted()) {
      if (!file.endsWith('.jpg')) continue;
      pictures.push({ class: className, group: file.split('~')[0] ?? file, path: join(folder, className, file) });
    }
  }
  return pictures;
}
