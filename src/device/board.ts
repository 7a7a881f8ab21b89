import { type Cpu, readCpu } from './cpu.js';
import { type OperatingSystem, readOperatingSystem } from './os.js';
import { System } from './system.js';

/** What the daemon runs on. What the board does not say is empty, 0 or undefined, never a guess. */
export interface Board {
  /** As its maker calls it; `unknown board` where nobody says. */
  model: string;
  /** The chip, as the device tree names it (`bcm2712`, `tegra234`); undefined on PCs, whose `cpu` says it. */
  soc: string | undefined;
  cpu: Cpu;
  /** That the kernel can use: less than what is soldered on, and less again what the GPU of a Raspberry Pi holds. */
  memoryBytes: number;
  os: OperatingSystem;
}

/** Reads what the board says of itself: the device tree on ARM boards, DMI on PCs, and `/proc`. */
export async function readBoard(system: System = new System()): Promise<Board> {
  return {
    model: await readModel(system),
    soc: await readSoc(system),
    cpu: await readCpu(system),
    memoryBytes: await readMemory(system),
    os: await readOperatingSystem(system),
  };
}

/** What the device tree calls the board and its chip, most specific first: `raspberrypi,5-model-b`, `brcm,bcm2712`. */
export function readCompatible(system: System): Promise<string[]> {
  return system.strings('proc/device-tree/compatible');
}

async function readModel(system: System): Promise<string> {
  const deviceTree = await system.text('proc/device-tree/model');
  if (deviceTree) return deviceTree;
  const vendor = await system.text('sys/class/dmi/id/sys_vendor');
  const product = await system.text('sys/class/dmi/id/product_name');
  return [vendor, product].filter(Boolean).join(' ') || 'unknown board';
}

/** The most general entry is the chip; its maker comes before the comma. */
async function readSoc(system: System): Promise<string | undefined> {
  const compatible = await readCompatible(system);
  return compatible.at(-1)?.replace(/^[^,]*,/, '');
}

async function readMemory(system: System): Promise<number> {
  const kibibytes = /^MemTotal:\s*(\d+) kB$/m.exec((await system.text('proc/meminfo')) ?? '')?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
