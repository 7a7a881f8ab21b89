import { Document, isScalar, isSeq, visit } from 'yaml';
import { settingsJsonSchema } from '../config/json-schema.js';
import { findSettingsFile, loadSettings } from '../config/load.js';
import { maskSettings, type Redactor } from '../config/mask.js';
import type { SettingPath } from '../config/path.js';
import { formatOrigin } from '../config/problem.js';
import { ConfigError, exitCodes } from '../contract/errors.js';

export interface ConfigShowOptions {
  config?: string;
}

/** `minspnet config show`: the settings in force, secrets masked, each that is no default with where it was given. */
export async function configShow(options: ConfigShowOptions, redactor: Redactor): Promise<number> {
  const { settings, file, secrets, originOf } = loadSettings({ file: options.config, redactor });
  const document = new Document(maskSettings(settings, secrets));
  document.commentBefore = ` ${file ?? 'no settings file: defaults, environment and arguments only'}`;
  visit(document, {
    Pair(_, pair, ancestors) {
      const value = pair.value;
      if (isSeq(value)) value.flow = true;
      else if (!isScalar(value)) return;
      const origin = originOf(pathOf([...ancestors, pair]));
      if (origin.kind !== 'default') value.comment = ` ${formatOrigin(origin)}`;
    },
  });
  process.stdout.write(document.toString());
  return exitCodes.ok;
}

/** The keys on the way from the document to a pair. */
function pathOf(nodes: readonly unknown[]): SettingPath {
  return nodes.flatMap((node) => {
    const { key } = node as { key?: { value?: unknown } };
    return typeof key === 'object' && key !== null ? [String(key.value)] : [];
  });
}

/** `minspnet config check [FILE]`: says whether a file is good, whatever this machine's environment would change. */
export async function configCheck(file: string | undefined, redactor: Redactor): Promise<number> {
  const name = file ?? findSettingsFile();
  if (name === undefined) {
    throw new ConfigError('ERR_CONFIG_FILE', 'input', 'no settings file was named, and there is none to be found');
  }
  const { missingSecrets } = loadSettings({
    file: name,
    environment: secretsOf(process.env),
    allowMissingSecrets: true,
    redactor,
  });
  process.stdout.write(`${name}: no errors\n`);
  for (const secret of missingSecrets) {
    process.stdout.write(`${name}: note: the secret "${secret}" is not here; it must be where the node runs\n`);
  }
  return exitCodes.ok;
}

/** The environment without its settings, so that only the file is judged. */
function secretsOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('MINSPNET_') || name.startsWith('MINSPNET_SECRET_'),
    ),
  );
}

/** `minspnet config schema`: the JSON Schema of a settings file, for editors. */
export async function configSchema(): Promise<number> {
  process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
  return exitCodes.ok;
}
