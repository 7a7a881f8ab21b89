import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Settings } from '../../config/schema.js';
import { isOpenToAll, openStateDirectory } from '../../daemon/state-directory.js';
import { readDeviceGroups, readTimeSync } from '../../device/host.js';
import type { System } from '../../device/system.js';
import { type Check, fail, failed, ok, warn } from './check.js';

/** Linux's `TMPFS_MAGIC`, statfs(2). */
const tmpfs = 0x01021994;

/** Whether the user that asks may use the board's devices; systemd may run the daemon as another one. */
export async function checkGroups(system: System): Promise<Check> {
  const name = 'permissions';
  if (process.getuid?.() === 0) return ok(name, 'root: everything');
  const user = userName();
  const groups = await readDeviceGroups(system, process.getgroups?.() ?? []);
  const missing = groups.filter(({ member }) => !member);
  if (missing.length > 0) {
    const said = missing.map((group) => `${group.name} (${group.device})`).join(', ');
    const list = missing.map((group) => group.name).join(',');
    const advice = `\`sudo usermod --append --groups ${list} ${user}\`, then log in again`;
    return warn(name, `${user} is not in the group ${said}`, advice);
  }
  const member = groups.map((group) => group.name).join(', ');
  return ok(name, member === '' ? 'no device here is kept for a group' : `${user} is in ${member}`);
}

/** The user's number where it has no name, as in a container that was given any number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}

/** Whether the outbox can be kept. Makes the folder where there is none, as `run` does. */
export async function checkState({ stateDirectory, outbox }: Settings): Promise<Check> {
  const name = 'state directory';
  let path: string;
  try {
    path = await openStateDirectory(stateDirectory);
  } catch (error) {
    return failed(name, error);
  }
  try {
    await access(path, constants.W_OK | constants.X_OK);
    const { bavail, bsize, type } = await statfs(path);
    const free = bavail * bsize;
    const said = `${path}, ${megabytes(free)} free`;
    if (type === tmpfs) {
      return warn(
        name,
        `${said}, in memory`,
        'a restart of the board forgets the outbox: `stateDirectory` on a disk keeps it',
      );
    }
    if (await isOpenToAll(path)) {
      return warn(name, `${said}; everybody on this machine can look into it`, `run \`chmod o= ${path}\``);
    }
    const advice = `free some, or lower \`outbox.maxBytes\`: a full outbox takes ${megabytes(outbox.maxBytes)}`;
    return free < outbox.maxBytes ? warn(name, said, advice) : ok(name, said);
  } catch (error) {
    const advice = 'give it to this user, or name another one with `stateDirectory`';
    return fail(name, 'state', `${path} can’t be written: ${(error as Error).message}`, advice);
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

export async function checkTime(system: System): Promise<Check> {
  const name = 'clock';
  const { value, source, why } = await readTimeSync(system);
  if (value === true) return ok(name, `set by the network (${source})`);
  const advice = 'events carry its time: `sudo timedatectl set-ntp true`, or install chrony; see `timedatectl`';
  if (value === false) return warn(name, `not set by the network (${source})`, advice);
  return warn(name, `nobody says whether it is set by the network${why === undefined ? '' : `: ${why}`}`, advice);
}
