import { existsSync, statSync } from 'node:fs';
import { readEnvironment } from './environment.js';
import { problemsOf } from './issue.js';
import { Redactor } from './mask.js';
import { type SettingPath, startsWith, valueAt, withValueAt } from './path.js';
import { configError, type Origin, type Override, type Problem } from './problem.js';
import { type Settings, settingsSchema } from './schema.js';
import { type MissingSecret, resolveSecrets, Secrets, secretTag } from './secrets.js';
import { readYamlFile, type YamlFile } from './yaml-file.js';

export interface LoadOptions {
  /** The file to read; by default what {@link findSettingsFile} finds. */
  file?: string | undefined;
  /** Default: `process.env`. */
  environment?: NodeJS.ProcessEnv;
  /** What the command line says, the strongest of all. */
  overrides?: readonly Override[];
  /** A secret that is not on this machine is no error: `***` stands in for it, and `missingSecrets` names it. */
  allowMissingSecrets?: boolean;
  /** Gets to know what is secret of them, also of wrong ones. */
  redactor?: Redactor;
}

export interface LoadedSettings {
  /** Valid, complete, and frozen in its whole depth. */
  settings: Settings;
  /** The file that was read, if any. */
  file: string | undefined;
  /** The settings whose values came from `!secret`; `maskSettings` wants to know them. */
  secrets: readonly SettingPath[];
  /** Names of secrets that are not on this machine; only with `allowMissingSecrets`. */
  missingSecrets: readonly string[];
  /** Files with secrets that everybody on this machine can read. */
  exposed: readonly string[];
  /** Where the value of a setting was given. */
  originOf(path: SettingPath): Origin;
}

/** `$MINSPNET_CONFIG`, else `./minspnet.yaml` or `/etc/minspnet/minspnet.yaml` where it exists, else none. */
export function findSettingsFile(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const usual = ['minspnet.yaml', '/etc/minspnet/minspnet.yaml'];
  return environment.MINSPNET_CONFIG || usual.find((file) => existsSync(file));
}

/** Knows which layer gave a value: the last override that covers it, else the file, else nobody. */
class Origins {
  constructor(
    private readonly file: YamlFile | undefined,
    private readonly overrides: readonly Override[],
  ) {}

  of(path: SettingPath): Origin {
    const override = this.overrides.findLast((candidate) => startsWith(path, candidate.path));
    if (override) return override.origin;
    return this.file && valueAt(this.file.value, path) != null ? this.file.locate(path) : { kind: 'default' };
  }

  /** Where to complain about a setting that may be missing: there, or at who gave the mapping around it. */
  blame(path: SettingPath): Origin {
    const own = this.of(path);
    if (own.kind !== 'default' || path.length === 0) return own;
    const around = path.slice(0, -1);
    if (this.file && valueAt(this.file.value, around) !== undefined) return this.file.locate(path);
    return this.overrides.findLast(({ path }) => startsWith(path, around))?.origin ?? this.blame(around);
  }
}

/**
 * The settings of this node: defaults < file < environment < arguments, where a later one replaces an earlier one
 * setting by setting. In the file, a name with nothing behind it counts as not given.
 * @throws ConfigError with one line for each problem. Codes: `ERR_CONFIG_FILE` (exit 66) where the file can't be read,
 * `ERR_CONFIG_SYNTAX` where it is no YAML, `ERR_CONFIG_INVALID` where settings are wrong (both exit 78).
 */
export function loadSettings(options: LoadOptions = {}): LoadedSettings {
  const environment = options.environment ?? process.env;
  const name = options.file ?? findSettingsFile(environment);
  const file = name === undefined ? undefined : readYamlFile(name, { customTags: [secretTag] });
  const store = new Secrets(name, environment);
  const { value: fromFile, secrets, missing: allMissing } = resolveSecrets(file?.value, store);

  const variables = readEnvironment(environment, fromFile);
  const overrides = [...variables.overrides, ...(options.overrides ?? [])];
  const origins = new Origins(file, overrides);
  const merged = overrides.reduce<unknown>(
    (value, { path, value: given }) => withValueAt(value, path, given),
    fromFile,
  );
  options.redactor?.addSettings(merged, secrets);
  const missing = allMissing.filter(({ path }) => !overrides.some((override) => startsWith(path, override.path)));

  // Read once or twice: to make programs of the schemas would take four times as long.
  const result = settingsSchema.safeParse(merged, { jitless: true });
  const context = { settings: merged, secrets, originOf: (path: SettingPath) => origins.blame(path) };
  const issues = result.error?.issues ?? [];
  // What stands in for a missing secret says nothing about the secret.
  const judged = issues.filter(({ path }) => !missing.some((secret) => startsWith(path as SettingPath, secret.path)));
  const problems: Problem[] = [
    ...variables.problems,
    ...(options.allowMissingSecrets ? [] : missing.map((secret) => describeMissing(secret, store, origins))),
    ...judged.flatMap((issue) => problemsOf(issue, context)),
    ...[...inheritedNames(merged)].map((path) => describeInherited(path, origins)),
  ];
  if (problems.length > 0) throw configError('ERR_CONFIG_INVALID', problems);
  return {
    settings: deepFreeze(result.success ? result.data : (merged as Settings)),
    file: name,
    secrets,
    missingSecrets: missing.map(({ name }) => name),
    exposed: [...(holdsSecrets(file?.value) ? [name ?? ''] : []), store.file].filter(isReadableByOthers),
    originOf: (path) => origins.of(path),
  };
}

/** The mappings' names that every object of JavaScript has: they would be passed over, or mean something else. */
function* inheritedNames(value: unknown, path: SettingPath = []): Generator<SettingPath> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, child] of Object.entries(value)) {
    if (key in Object.prototype) yield [...path, key];
    yield* inheritedNames(child, [...path, key]);
  }
}

function describeInherited(path: SettingPath, origins: Origins): Problem {
  const message = `found the name "${path.at(-1)}"; allowed: any that JavaScript does not use itself. Choose another one`;
  return { origin: origins.blame(path), path, message };
}

/** Whether a file's settings have a password in clear. */
function holdsSecrets(value: unknown): boolean {
  const redactor = new Redactor();
  redactor.addSettings(value, []);
  return !redactor.isEmpty;
}

/** Whether a file or folder is there, and users beside its own and its group can look into it. */
export function isReadableByOthers(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
}

function describeMissing({ name, path }: MissingSecret, store: Secrets, origins: Origins): Problem {
  return { origin: origins.of(path), path, message: `no secret "${name}"; it is looked for in ${store.places(name)}` };
}

/** The settings of a node that is told nothing at all. */
export function defaultSettings(): Settings {
  return deepFreeze(settingsSchema.parse({}));
}

/** Freezes a value and everything in it, so that no part of the program can change a setting under another. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
