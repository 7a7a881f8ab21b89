import { parseDocument } from 'yaml';
import { nearestName, normaliseName } from './issue.js';
import { isFreeAt, namesAt, schemaAt } from './json-schema.js';
import { type SettingPath, valueAt } from './path.js';
import type { Override, Problem } from './problem.js';

const prefix = 'MINSPNET_';
/** Ours, but no settings: which file to read, how to report an error, and secrets. */
const reserved = /^MINSPNET_(?:CONFIG|DEBUG|SECRET_.+)$/;

/** The variable that gives a setting: `mqtt.baseTopic` is `MINSPNET_MQTT__BASE_TOPIC`. */
export function variableFor(path: SettingPath): string {
  const words = path.map((step) =>
    String(step)
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toUpperCase(),
  );
  return prefix + words.join('__');
}

/** The name in a mapping that a part of a variable means, or undefined. */
function resolveStep(part: string, path: SettingPath, file: unknown): string | undefined {
  const wanted = normaliseName(part);
  const known = namesAt(path).find((name) => normaliseName(name) === wanted);
  if (known || !isFreeAt(path)) return known;
  // Names that the user chose: one that the file has, whatever its capitals and dashes, else a new one.
  const given = Object.keys(valueAt(file, path) ?? {});
  return given.find((name) => normaliseName(name) === wanted) ?? part.toLowerCase();
}

/**
 * A variable's text as the value of a setting. Where a text is wanted it is taken as it is, so that a password
 * `0123` or `#1` needs no quotes; everything else is read as YAML, so `true`, `5` and `[320, 192]` are what they
 * look like.
 */
function parseValue(text: string, path: SettingPath): unknown {
  if (schemaAt(path)?.type === 'string') return text;
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) return text;
  return document.toJS({ maxAliasCount: 0 });
}

/**
 * The settings that the environment gives. `MINSPNET_` is followed by the path of the setting, its steps joined by
 * two underscores: `MINSPNET_MQTT__URL`, `MINSPNET_CAMERAS__DOOR__FPS`. Capitals, `_` and `-` inside a step don't
 * matter. A variable that is empty counts as not set.
 */
export function readEnvironment(
  environment: NodeJS.ProcessEnv,
  file: unknown,
): { overrides: Override[]; problems: Problem[] } {
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name];
    if (!name.startsWith(prefix) || reserved.test(name) || !text) continue;
    const origin = { kind: 'environment', name } as const;
    const path: string[] = [];
    const parts = name.slice(prefix.length).split('__');
    const unknown = parts.find((part) => {
      const step = resolveStep(part, path, file);
      if (step !== undefined) path.push(step);
      return step === undefined;
    });
    if (unknown === undefined) {
      overrides.push({ origin, path, value: parseValue(text, path) });
      continue;
    }
    problems.push({ origin, message: describeUnknown(unknown, path, parts.slice(path.length + 1)) });
  }
  return { overrides, problems };
}

function describeUnknown(part: string, path: SettingPath, rest: readonly string[]): string {
  const known = namesAt(path);
  const nearest = nearestName(part, known);
  if (nearest) return `no such setting; did you mean $${variableFor([...path, nearest, ...rest])}?`;
  if (known.length === 0) return `no such setting; $${variableFor(path)} has no parts`;
  return `no such setting; there are ${known.map((name) => `$${variableFor([...path, name])}`).join(', ')}`;
}
