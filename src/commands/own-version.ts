import { readFileSync } from 'node:fs';

/** What package.json calls this version. Seen from dist/src/commands. */
export function ownVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}
