import { mkdir } from 'node:fs/promises';
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
