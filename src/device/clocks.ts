import { type Reading, silent } from './reading.js';
import type { System } from './system.js';

/** Cores that share one clock. */
export interface ClockDomain {
  /** Their numbers. */
  cores: number[];
  /** MHz. */
  current: Reading;
  /** The highest that is allowed now, MHz: heat, the governor or a person may have set it below the chip's. */
  limit: Reading;
  /** `ondemand`, `schedutil`, `performance`, `powersave`…; null where the kernel doesn't say. */
  governor: string | null;
}

const root = 'sys/devices/system/cpu/cpufreq';

/** The clocks of the cores; none where the kernel does not scale them, as in virtual machines. */
export async function readClocks(system: System): Promise<ClockDomain[]> {
  const domains: ClockDomain[] = [];
  for (const policy of await system.list(root)) {
    if (!policy.startsWith('policy')) continue;
    const folder = `${root}/${policy}`;
    const related = await system.text(`${folder}/related_cpus`);
    domains.push({
      cores: related?.match(/\d+/g)?.map(Number) ?? [],
      current: await readMegahertz(system, `${folder}/scaling_cur_freq`),
      limit: await readMegahertz(system, `${folder}/scaling_max_freq`),
      governor: (await system.text(`${folder}/scaling_governor`)) || null,
    });
  }
  return domains;
}

/** The file holds kHz. */
async function readMegahertz(system: System, file: string): Promise<Reading> {
  const scope = 'what the kernel asked for; the firmware may clock lower when it throttles';
  const known: Reading = { value: null, unit: 'MHz', source: `cpufreq ${file.split('/').slice(-2).join(' ')}`, scope };
  const kilohertz = await system.integer(file);
  return kilohertz === undefined || kilohertz <= 0
    ? silent(known, 'cpufreq does not say')
    : { ...known, value: kilohertz / 1000 };
}
