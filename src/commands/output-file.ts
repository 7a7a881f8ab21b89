import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StateError } from '../contract/errors.js';

/** @throws {StateError} ERR_OUTPUT_WRITE */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content).catch((cause: Error) => {
    throw unwritable(path, cause);
  });
}

/**
 * Whether a file could be put there, or written anew, before the work that it is for.
 *
 * @throws {StateError} ERR_OUTPUT_WRITE
 */
export async function requireOutput(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw unwritable(path, new Error('it is a folder'));
  await access(there ? path : dirname(resolve(path)), constants.W_OK).catch((cause: Error) => {
    throw unwritable(path, cause);
  });
}

/**
 * Whether what would be written is not the very file that is read.
 *
 * @throws {StateError} ERR_OUTPUT_WRITE
 */
export async function requireOther(path: string, input: string): Promise<void> {
  const [output, read] = await Promise.all([path, input].map((file) => stat(file).catch(() => undefined)));
  if (output === undefined || read === undefined || output.ino !== read.ino || output.dev !== read.dev) return;
  throw unwritable(path, new Error('it is the picture itself'), 'Name another folder.');
}

/**
 * A folder for what a command writes, made where it isn't there.
 *
 * @throws {StateError} ERR_OUTPUT_WRITE
 */
export async function makeOutputFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw unwritable(path, cause as Error, 'Name a folder that may be written to, or one that can be made.');
  }
}

function unwritable(
  path: string,
  cause: Error,
  advice = 'Name a file in a folder that is there and may be written to.',
): StateError {
  return new StateError('ERR_OUTPUT_WRITE', 'state', `${path} can’t be written: ${cause.message}. ${advice}`, {
    cause,
  });
}
