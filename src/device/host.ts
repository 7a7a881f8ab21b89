import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

/** A group of users that may use some devices of this board. */
export interface DeviceGroup {
  name: string;
  /** The first of these devices that the board has. */
  device: string;
  /** Whether the process belongs to it. */
  member: boolean;
}

/** Folder and beginning of the devices that a group is for, on Debian and its children. */
const guarded: [group: string, folder: string, devices: RegExp][] = [
  ['video', 'dev', /^(video\d+|vcio|nvhost-.*)$/],
  ['render', 'dev/dri', /^renderD\d+$/],
  ['gpio', 'dev', /^gpiochip\d+$/],
];

/**
 * The groups that this system has for devices that this board has.
 *
 * @param groups numbers of the groups that the process belongs to
 */
export async function readDeviceGroups(system: System, groups: readonly number[]): Promise<DeviceGroup[]> {
  const ids = await readGroups(system);
  const found: DeviceGroup[] = [];
  for (const [name, folder, devices] of guarded) {
    const id = ids.get(name);
    const device = (await system.list(folder)).find((entry) => devices.test(entry));
    if (id === undefined || device === undefined) continue;
    found.push({ name, device: `/${folder}/${device}`, member: groups.includes(id) });
  }
  return found;
}

/** group(5): `video:x:44:pi`. */
async function readGroups(system: System): Promise<Map<string, number>> {
  const lines = ((await system.text('etc/group')) ?? '').split('\n').map((line) => line.split(':'));
  return new Map(lines.flatMap(([name, , id]) => (name && id ? [[name, Number(id)] as const] : [])));
}

/** Whether the clock is set by the network. Boards without a clock of their own start somewhere in the past. */
export async function readTimeSync(system: System): Promise<Reading<boolean>> {
  const scope = 'whether the clock was set since the board was switched on; not how far it is off';
  const run = 'run/systemd/timesync';
  if ((await system.list(run)).includes('synchronized')) {
    return { value: true, unit: '', source: 'systemd-timesyncd', scope };
  }
  // Also knows of chrony and ntpd: they tell the kernel, and timedatectl asks the kernel.
  const known: Reading<boolean> = { value: null, unit: '', source: 'timedatectl', scope };
  const result = await system.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if ('failure' in result) return result.failure === 'absent' ? noSensor('') : silent(known, 'timedatectl failed');
  const answer = result.stdout.trim();
  if (answer !== 'yes' && answer !== 'no') return silent(known, 'timedatectl says neither yes nor no');
  return { ...known, value: answer === 'yes' };
}
