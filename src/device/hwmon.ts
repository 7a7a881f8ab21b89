import type { System } from './system.js';

/** A sensor chip under `/sys/class/hwmon`. */
export interface HwmonDevice {
  /** As its driver calls it; the number in `hwmon3` moves between boots and means nothing. */
  name: string;
  /** Of its files, under the root. */
  folder: string;
}

const root = 'sys/class/hwmon';

/** All chips, or those whose driver has one of these names. */
export async function findHwmon(system: System, names?: readonly string[]): Promise<HwmonDevice[]> {
  const devices: HwmonDevice[] = [];
  for (const entry of await system.list(root)) {
    const folder = `${root}/${entry}`;
    const name = await system.text(`${folder}/name`);
    if (name && (names === undefined || names.includes(name))) devices.push({ name, folder });
  }
  return devices;
}
