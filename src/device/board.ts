import { type Cpu, readCpu } from './cpu.js';
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

/** What tells one board from another of its kind; undefined where it does not say. */
export interface BoardIdentity {
  /** As the device tree calls its kind: `raspberrypi,5-model-b`. */
  modelId: string | undefined;
  /** Of the circuit board: `1.0`. */
  hardwareVersion: string | undefined;
  serialNumber: string | undefined;
}

export async function readIdentity(system: System = new System()): Promise<BoardIdentity> {
  const [modelId] = await readCompatible(system);
  const hardwareVersion = /\bRev (\S+)$/.exec(await readModel(system))?.[1];
  const serialNumber = (await system.text('proc/device-tree/serial-number')) || undefined;
  return { modelId, hardwareVersion, serialNumber };
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

/** NVIDIA's own Linux, "Linux for Tegra", and the JetPack that it comes with. */
export interface Jetson {
  /** Such as `36.4.3`. */
  l4t: string;
  /** JetPack's major version; undefined for a release that is newer than this table. */
  jetpack: string | undefined;
}

export interface OperatingSystem {
  /** As it calls itself: `Debian GNU/Linux 12 (bookworm)`; empty where it doesn't. */
  name: string;
  /** Only on a Jetson. */
  jetson?: Jetson;
}

/** By the major version of L4T. */
const jetpacks: Record<string, string> = { 28: '3', 32: '4', 34: '5', 35: '5', 36: '6', 38: '7' };

/** Reads `/etc/os-release` (os-release(5)) and `/etc/nv_tegra_release`. */
export async function readOperatingSystem(system: System): Promise<OperatingSystem> {
  const release = (await system.text('etc/os-release')) ?? (await system.text('usr/lib/os-release')) ?? '';
  const name = /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(release)?.[2] ?? '';
  const jetson = await readJetson(system);
  return { name, ...(jetson && { jetson }) };
}

/** First line: `# R36 (release), REVISION: 4.3, GCID: …, BOARD: generic, EABI: aarch64, DATE: …`. */
async function readJetson(system: System): Promise<Jetson | undefined> {
  const text = (await system.text('etc/nv_tegra_release')) ?? '';
  const [, major, revision] = /^# R(\d+) \(release\), REVISION: (\d+(?:\.\d+)*)/.exec(text) ?? [];
  if (major === undefined) return undefined;
  return { l4t: `${major}.${revision}`, jetpack: jetpacks[major] };
}
