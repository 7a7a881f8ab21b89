import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StateError } from '../contract/errors.js';

/**
 * The folder for what must outlive the daemon: the setting, else what systemd made for us, else the user's own (XDG Base
 * Directory Specification).
 */
export function stateDirectoryOf(setting: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const { STATE_DIRECTORY: fromSystemd, XDG_STATE_HOME: stateHome } = environment;
  return setting ?? (fromSystemd || join(stateHome || join(homedir(), '.local', 'state'), 'minspnet'));
}

/** Where the models lie that were taught on this board, or put there: below the state directory, a folder each. */
export function modelsIn(stateDirectory: string): string {
  return join(stateDirectory, 'models');
}

/** Where models are looked for by name, besides those that come with us. */
export function modelPlaces({ stateDirectory }: { stateDirectory?: string | undefined }): string[] {
  return [modelsIn(stateDirectoryOf(stateDirectory))];
}

/**
 * Makes the state directory.
 *
 * @throws {StateError} ERR_STATE_DIRECTORY
 */
export async function openStateDirectory(
  setting: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const path = stateDirectoryOf(setting, environment);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const what = `the state directory ${path} can’t be made: ${(error as Error).message}.`;
    throw new StateError('ERR_STATE_DIRECTORY', 'state', `${what} Name another one with stateDirectory.`, {
      cause: error,
    });
  }
  return path;
}

/**
 * Whether every user of this machine can look into the folder: it holds what happened before the cameras, and pictures of it.
 * One that we make is ours alone; one that was there keeps its rights.
 */
export async function isOpenToAll(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  return (mode & 0o007) !== 0;
}
