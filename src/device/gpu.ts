import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

/** What the kernel knows of a GPU whose clock it scales. */
export interface GpuReadings {
  /** MHz. */
  clock: Reading;
  /** The highest that is allowed now, MHz: a Jetson's power mode sets it. */
  limit: Reading;
  /** Per cent. */
  load: Reading;
}

const root = 'sys/class/devfreq';
/** `57000000.gpu` on a Nano, `17000000.gp10b`, `gv11b` and `ga10b` up to JetPack 5, `17000000.gpu` on JetPack 6. */
const graphics = /\.(gpu|g[pva]\d+b)$/;

/** The first GPU; `none` where there is none that the kernel scales. */
export async function readGpu(system: System): Promise<GpuReadings> {
  const name = (await system.list(root)).find((device) => graphics.test(device));
  if (name === undefined) return { clock: noSensor('MHz'), limit: noSensor('MHz'), load: noSensor('%') };
  const folder = `${root}/${name}`;
  const source = `devfreq ${name}`;
  return {
    clock: await readMegahertz(system, `${folder}/cur_freq`, source),
    limit: await readMegahertz(system, `${folder}/max_freq`, source),
    load: await readLoad(system, `${folder}/device/load`, source),
  };
}

/** The file holds Hz; 0 is a GPU that is switched off. */
async function readMegahertz(system: System, file: string, source: string): Promise<Reading> {
  const known: Reading = { value: null, unit: 'MHz', source, scope: 'the GPU; its memory has a clock of its own' };
  const hertz = await system.integer(file);
  return hertz === undefined || hertz < 0 ? silent(known, 'devfreq does not say') : { ...known, value: hertz / 1e6 };
}

/** The file holds tenths of a per cent. */
async function readLoad(system: System, file: string, source: string): Promise<Reading> {
  const known: Reading = { value: null, unit: '%', source, scope: 'time in which the GPU had work, all programs' };
  const tenths = await system.integer(file);
  const valid = tenths !== undefined && tenths >= 0 && tenths <= 1000;
  return valid ? { ...known, value: tenths / 10 } : silent(known, 'the driver does not say');
}

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
