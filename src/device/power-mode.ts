import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

const scope = 'what nvpmodel was told last: it caps clocks and the number of cores; not measured';

/**
 * A Jetson's power mode, by the name that nvpmodel's settings give it. From its files, which are the same from JetPack 4
 * to 6: the program itself wants root on some of them.
 */
export async function readPowerMode(system: System): Promise<Reading<string>> {
  const status = await system.text('var/lib/nvpmodel/status'); // pmode:0002, on some with fmode:quiet behind it
  const modes = await system.text('etc/nvpmodel.conf');
  if (status === undefined && modes === undefined) return noSensor('');
  const known: Reading<string> = { value: null, unit: '', source: 'nvpmodel', scope };
  const digits = /\bpmode:(\d{1,4})\b/.exec(status ?? '')?.[1];
  if (digits === undefined) return silent(known, 'it has written down no mode: `sudo nvpmodel -q` tells');
  const mode = Number(digits);
  return { ...known, value: nameOf(mode, modes ?? '') ?? `mode ${mode}` };
}

/** `< POWER_MODEL ID=2 NAME=MAXN_SUPER >` */
function nameOf(mode: number, modes: string): string | undefined {
  for (const [, id, name] of modes.matchAll(/^\s*<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)/gm)) {
    if (Number(id) === mode) return name;
  }
  return undefined;
}
