import { createHash } from 'node:crypto';
import { accessSync, constants, copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type SettingsEdit, saveSettings } from '../config/edit.js';
import { findSettingsFile, type LoadedSettings, type LoadOptions } from '../config/load.js';
import type { SettingPath } from '../config/path.js';
import { ConfigError } from '../contract/errors.js';
import type { Saved } from '../contract/http.js';

export interface SettingsFileOptions {
  /** What was loaded at the start; without a file, one is made where the next start looks for it. */
  loaded: LoadedSettings;
  /** As at the start: what is stronger than the file, and who learns what is secret. */
  load: Omit<LoadOptions, 'file'>;
}

/** Where a settings file is looked for that everybody on the machine shares. */
const sharedFolder = '/etc/minspnet';

/** The settings file as the page changes it: one change after the other, in force at once or not at all. */
export class SettingsFile {
  readonly path: string;
  #loaded: LoadedSettings;
  #saving: Promise<unknown> = Promise.resolve();

  /** @param reload puts in force what the file says; it rejects where that does not run, and nothing has changed then */
  constructor(
    private readonly options: SettingsFileOptions,
    private readonly reload: () => Promise<{ restartNeeded: string[] }>,
  ) {
    this.#loaded = options.loaded;
    this.path = resolve(options.loaded.file ?? newFile());
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  get isWritable(): boolean {
    return mayWrite(dirname(this.path));
  }

  /** Differs as soon as the file does, whoever has changed it. */
  get revision(): string {
    const text = this.exists ? readFileSync(this.path) : '';
    return createHash('sha256').update(text).digest('hex').slice(0, 16);
  }

  /** The settings that came from `!secret`. */
  get secrets(): readonly SettingPath[] {
    return this.#loaded.secrets;
  }

  /** Whether the file gives a setting. */
  gives(path: SettingPath): boolean {
    return this.#loaded.originOf(path).kind === 'file';
  }

  /**
   * @param revision of the file that the changes were made from; undefined: whatever it is
   * @throws {MinspnetError} why the file, and what is in force, stay as they are; ERR_CONFIG_CHANGED: it has another revision
   */
  async save(edits: readonly SettingsEdit[], revision?: string): Promise<Saved> {
    const saving = this.#saving.then(() => {
      if (revision !== undefined && revision !== this.revision) {
        const what = `${this.path} was changed meanwhile, here or by somebody else, so nothing was written`;
        throw new ConfigError('ERR_CONFIG_CHANGED', 'config', `${what}. See what is in force now, then save again.`);
      }
      return this.#saveNow(edits);
    });
    this.#saving = saving.catch(() => {});
    return await saving;
  }

  async #saveNow(edits: readonly SettingsEdit[]): Promise<Saved> {
    const { backup, loaded } = await saveSettings(this.path, edits, this.options.load);
    try {
      const { restartNeeded } = await this.reload();
      this.#loaded = loaded;
      return { file: this.path, backup: backup ?? null, restartNeeded };
    } catch (error) {
      // What can't run must not be what the next start finds.
      if (backup === undefined) rmSync(this.path, { force: true });
      else copyFileSync(backup, this.path);
      throw error;
    }
  }
}

/** Where {@link findSettingsFile} finds it the next time. */
function newFile(): string {
  return findSettingsFile() ?? (mayWrite(sharedFolder) ? `${sharedFolder}/minspnet.yaml` : 'minspnet.yaml');
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
