import type { z } from 'zod';
import { describeAllowed, namesAt, schemaAt } from './json-schema.js';
import { maskValue } from './mask.js';
import { nearestName } from './nearest.js';
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
  const text = JSON.stringify(maskValue(value, path, secrets)) ?? String(value);
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
