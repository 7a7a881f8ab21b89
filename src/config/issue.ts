import type { z } from 'zod';
import { describeAllowed, namesAt, schemaAt } from './json-schema.js';
import { maskSettings } from './mask.js';
import { type SettingPath, valueAt } from './path.js';
import type { Origin, Problem } from './problem.js';

const longestQuote = 80;

/** What an issue is about: the values that were checked, which of them are secret, and where they came from. */
export interface IssueContext {
  settings: unknown;
  secrets: readonly SettingPath[];
  originOf(path: SettingPath): Origin;
}

function quote(value: unknown, path: SettingPath, secrets: readonly SettingPath[]): string {
  const text = JSON.stringify(maskSettings(value, secrets, path)) ?? String(value);
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
}

function describeUnknown(key: string, siblings: SettingPath): string {
  const known = namesAt(siblings);
  const nearest = nearestName(key, known);
  return nearest ? `no such setting; did you mean "${nearest}"?` : `no such setting; there are ${known.join(', ')}`;
}

/** One of zod's issues in our words: the place, what was found and what is allowed. */
export function problemsOf(issue: z.core.$ZodIssue, { settings, secrets, originOf }: IssueContext): Problem[] {
  const path = issue.path as SettingPath;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const at = [...path, key];
      return { origin: originOf(at), path: at, message: describeUnknown(key, path) };
    });
  }
  const origin = originOf(path);
  if (issue.code === 'invalid_key') {
    return [
      { origin, path, message: `found the name ${quote(path.at(-1), [], [])}; allowed: ${issue.issues[0]?.message}` },
    ];
  }
  const schema = schemaAt(path);
  // Rules that no JSON Schema can hold bring their own words.
  const hasOwnWords = issue.code === 'custom' || issue.code === 'invalid_format' || schema === undefined;
  const allowed = hasOwnWords ? issue.message : describeAllowed(schema);
  const found = valueAt(settings, path);
  if (found === undefined) return [{ origin, path, message: `is missing: ${schema?.description ?? allowed}` }];
  return [{ origin, path, message: `found ${quote(found, path, secrets)}; allowed: ${allowed}` }];
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let j = 1; j <= b.length; j++) rows[0]?.push(j);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(i - 2, j - 2) + 1 : replaced;
      rows[i]?.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced, swapped));
    }
  }
  return cell(a.length, b.length);
}

/** The way a name is compared: `base_topic`, `BaseTopic` and `base-topic` are all meant as `baseTopic`. */
export function normaliseName(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** The known name that was most likely meant, or undefined where none is near: more than a third is wrong. */
export function nearestName(unknown: string, known: readonly string[]): string | undefined {
  const typed = normaliseName(unknown).slice(0, 64);
  const [best] = known
    .map((name) => ({ name, distance: editDistance(typed, normaliseName(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.max(typed.length, name.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}
