import { Document, isScalar, isSeq, visit } from 'yaml';
import { loadSettings } from '../config/load.js';
import { maskSettings } from '../config/mask.js';
import type { SettingPath } from '../config/path.js';
import { formatOrigin } from '../config/problem.js';
import { exitCodes } from '../contract/errors.js';

export interface ConfigShowOptions {
  config?: string;
}

/** `minspnet config show`: the settings in force, secrets masked, each that is no default with where it was given. */
export async function configShow(options: ConfigShowOptions): Promise<number> {
  const { settings, file, secrets, originOf } = loadSettings({ file: options.config });
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
