import type { System } from './system.js';

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
