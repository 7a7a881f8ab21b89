import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ScalarTag } from 'yaml';
import { schemaAt } from './json-schema.js';
import { mask } from './mask.js';
import type { SettingPath } from './path.js';
import { readText, readYamlFile } from './yaml-file.js';

const secretName = /^[A-Za-z0-9_-]{1,64}$/;

/** What `!secret NAME` is until it is looked up. */
export class SecretReference {
  constructor(readonly name: string) {}

  /** As it stands in a file behind its tag. */
  toString(): string {
    return this.name;
  }
}

/** YAML's side of `!secret NAME`. */
export const secretTag: ScalarTag = {
  tag: '!secret',
  resolve(name, onError) {
    if (!secretName.test(name)) onError('`!secret` wants a name of letters, digits, "_" or "-"');
    return new SecretReference(name);
  },
};

/** The variable that gives a secret: `camera-door` is read from `MINSPNET_SECRET_CAMERA_DOOR`. */
export function secretVariable(name: string): string {
  return `MINSPNET_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Looks secrets up, in this order: `MINSPNET_SECRET_<NAME>` in the environment; the file `<name>` in systemd's
 * `$CREDENTIALS_DIRECTORY` (LoadCredential=); `secrets.yaml` beside the settings file. The latter is read once, and
 * only when it is needed. Its values are taken as they are written: `007` stays `007`.
 */
export class Secrets {
  /** `secrets.yaml`, there or not. */
  readonly file: string;
  #fromFile: unknown;
  #isRead = false;

  constructor(
    settingsFile: string | undefined,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.file = join(dirname(settingsFile ?? ''), 'secrets.yaml');
  }

  /** The secret, or undefined where it is nowhere. Throws a ConfigError if a file that holds it can't be read. */
  find(name: string): string | undefined {
    return this.environment[secretVariable(name)] || this.#credential(name) || this.#inFile(name);
  }

  /** The places where a secret would be found, for a message. */
  places(name: string): string {
    return `$${secretVariable(name)}, a systemd credential of that name, or ${this.file}`;
  }

  #credential(name: string): string | undefined {
    const directory = this.environment.CREDENTIALS_DIRECTORY;
    if (!directory || !existsSync(join(directory, name))) return undefined;
    // An editor ends a file with a newline that is no part of a password.
    return readText(join(directory, name)).replace(/\r?\n$/, '');
  }

  #inFile(name: string): string | undefined {
    if (!this.#isRead) {
      this.#isRead = true;
      if (existsSync(this.file)) this.#fromFile = readYamlFile(this.file, { schema: 'failsafe' }).value;
    }
    const all = this.#fromFile;
    if (typeof all !== 'object' || all === null || !Object.hasOwn(all, name)) return undefined;
    const value = (all as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : undefined;
  }
}

export interface MissingSecret {
  name: string;
  path: SettingPath;
}

/** A file's settings with every secret in its place. */
export interface ResolvedSettings {
  value: unknown;
  /** The paths that held a `!secret`. */
  secrets: readonly SettingPath[];
  /** Those that are nowhere; `***` stands in for them. */
  missing: readonly MissingSecret[];
}

/** Puts the secrets in, and takes out names with nothing behind them (`mqtt:` above lines that are all comments). */
export function resolveSecrets(settings: unknown, store: Secrets): ResolvedSettings {
  const secrets: SettingPath[] = [];
  const missing: MissingSecret[] = [];
  const resolve = (value: unknown, path: SettingPath): unknown => {
    if (value instanceof SecretReference) {
      secrets.push(path);
      const secret = store.find(value.name);
      if (secret === undefined) missing.push({ name: value.name, path });
      return secret ?? mask;
    }
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(
      ([key, child]) => [key, resolve(child ?? emptyAt([...path, key]), [...path, key])] as const,
    );
    return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
  };
  return { value: resolve(settings ?? {}, []), secrets, missing };
}

/** An empty section is a mapping without settings, so that `cameras: {door: }` is still told what a door lacks. */
function emptyAt(path: SettingPath): unknown {
  return schemaAt(path)?.type === 'object' ? {} : undefined;
}
