import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RpicamBehaviour } from './rpicam-vid.js';

/** Puts a stand-in for `rpicam-vid` (or under another name) into a folder for the search path. */
export function installRpicam(folder: string, behaviour: RpicamBehaviour = {}, name = 'rpicam-vid'): void {
  mkdirSync(folder, { recursive: true });
  const script = fileURLToPath(new URL('./rpicam-vid.js', import.meta.url));
  const program = join(folder, name);
  const quoted = JSON.stringify(behaviour).replaceAll("'", "'\\''");
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${script}' '${quoted}' "$@"\n`);
  chmodSync(program, 0o755);
}

/** A program of that name on the search path that only one at a time can run, as a camera has one owner. */
export function installOwner(folder: string, name: string, script: string): void {
  const busy = 'echo "ERROR: *** failed to acquire camera ***" >&2; exit 255';
  const lock = join(folder, 'camera');
  writeFileSync(join(folder, name), `#!/bin/sh\nexec 9>'${lock}'\nflock -n 9 || { ${busy}; }\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** The arguments of each call that was logged. */
export function readCalls(log: string): string[][] {
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
