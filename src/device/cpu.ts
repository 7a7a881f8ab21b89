import { type Reading, silent } from './reading.js';
import type { System } from './system.js';

/** Cores of one kind. */
export interface CoreKind {
  /** `Cortex-A76`, or on x86 the processor's own name. */
  name: string;
  count: number;
}

/** Instructions that make 8-bit networks fast. */
export interface CpuFeatures {
  /** ARM SDOT/UDOT (`asimddp`): from Cortex-A55 and A76 on. */
  dotProduct: boolean;
  /** ARM SMMLA (`i8mm`). */
  i8mm: boolean;
  /** ARM half-precision arithmetic (`asimdhp`). */
  fp16: boolean;
  avx2: boolean;
  avx512Vnni: boolean;
  avxVnni: boolean;
}

export interface Cpu {
  /** Cores that the kernel runs on, hyper-threads counted one by one. */
  cores: number;
  /** Small cores come before big ones where the kernel numbers them so. Empty where the kernel doesn't say. */
  kinds: CoreKind[];
  features: CpuFeatures;
}

/** MIDR_EL1's part numbers, as in Linux's arch/arm64/include/asm/cputype.h; key: implementer, part. */
const parts: Record<string, string> = {
  '0x41 0xd03': 'Cortex-A53',
  '0x41 0xd04': 'Cortex-A35',
  '0x41 0xd05': 'Cortex-A55',
  '0x41 0xd07': 'Cortex-A57',
  '0x41 0xd08': 'Cortex-A72',
  '0x41 0xd09': 'Cortex-A73',
  '0x41 0xd0a': 'Cortex-A75',
  '0x41 0xd0b': 'Cortex-A76',
  '0x41 0xd0c': 'Neoverse-N1',
  '0x41 0xd40': 'Neoverse-V1',
  '0x41 0xd41': 'Cortex-A78',
  '0x41 0xd42': 'Cortex-A78AE',
  '0x41 0xd46': 'Cortex-A510',
  '0x41 0xd47': 'Cortex-A710',
  '0x41 0xd49': 'Neoverse-N2',
  '0x41 0xd4b': 'Cortex-A78C',
  '0x41 0xd4f': 'Neoverse-V2',
  '0x4e 0x003': 'Denver 2',
  '0x4e 0x004': 'Carmel',
};

/** Reads the cores from `/proc/cpuinfo`, whose lines differ between ARM and x86. */
export async function readCpu(system: System): Promise<Cpu> {
  const text = (await system.text('proc/cpuinfo')) ?? '';
  const cores = text
    .split(/\n\s*\n/)
    .map(parseFields)
    .filter((fields) => fields.has('processor'));
  const counts = new Map<string, number>();
  for (const core of cores) {
    const kind = kindOf(core);
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return {
    cores: cores.length,
    kinds: [...counts].map(([name, count]) => ({ name, count })),
    features: featuresOf(cores),
  };
}

function parseFields(block: string): Map<string, string> {
  return new Map(
    block.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const];
    }),
  );
}

function kindOf(core: Map<string, string>): string | undefined {
  const implementer = core.get('CPU implementer');
  const part = core.get('CPU part');
  if (implementer === undefined || part === undefined) return core.get('model name') || undefined;
  return parts[`${implementer} ${part}`] ?? `ARM core ${implementer} ${part}`;
}

/** What all cores can do: code may be moved from one to another. */
function featuresOf(cores: readonly Map<string, string>[]): CpuFeatures {
  const flags = cores.map((core) => new Set((core.get('Features') ?? core.get('flags') ?? '').split(/\s+/)));
  const all = (flag: string) => flags.length > 0 && flags.every((set) => set.has(flag));
  return {
    dotProduct: all('asimddp'),
    i8mm: all('i8mm'),
    fp16: all('asimdhp'),
    avx2: all('avx2'),
    avx512Vnni: all('avx512_vnni'),
    avxVnni: all('avx_vnni'),
  };
}

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
