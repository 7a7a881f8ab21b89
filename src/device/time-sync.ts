import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

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
