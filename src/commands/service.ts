import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, MinspnetError } from '../contract/errors.js';

export interface ServiceOptions {
  dryRun: boolean;
  /** Of uninstall: settings, state and user too. */
  purge?: boolean;
}

export interface LogsOptions {
  follow: boolean;
  lines: number;
}

/** The system that a service is installed on; another one in tests. */
export interface Host {
  /** Above `/etc` and `/var`. */
  root: string;
  /** The user's number, 0 for root; undefined where the system has no such thing. */
  uid: number | undefined;
  /** Node, and the folder of this package. */
  node: string;
  program: string;
  /** Runs a program to its end, its output on this terminal. */
  run(command: string, args: readonly string[]): Pick<SpawnSyncReturns<Buffer>, 'status' | 'error'>;
}

/** One thing that is done, told before it is. */
interface Step {
  tell: string;
  act(): void;
}

const units = ['minspnet.service', 'minspnet-bench.service', 'minspnet-bench.timer'];
const unitFolder = '/etc/systemd/system';
/** Where the Debian package has its unit. */
const packaged = '/usr/lib/systemd/system/minspnet.service';
const usersFile = '/etc/sysusers.d/minspnet.conf';
const settings = '/etc/minspnet';
const state = '/var/lib/minspnet';
const user = 'minspnet';

/** Folders that `ProtectHome=yes` hides from the service. */
const hidden = /^\/(?:home|root|run\/user)\//;

function thisHost(): Host {
  return {
    root: '/',
    uid: process.getuid?.(),
    node: process.execPath,
    program: fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, ''),
    run: (command, args) => spawnSync(command, args, { stdio: 'inherit' }),
  };
}

/**
 * `minspnet service install`: makes the service of this installation and starts it. Done again it brings the units up
 * to date and restarts the daemon; settings that are there stay as they are.
 *
 * @throws {MinspnetError} ERR_SERVICE_PACKAGED, ERR_SERVICE_HIDDEN, ERR_SERVICE_SYSTEMD, ERR_SERVICE_ROOT,
 *   ERR_SERVICE_STEP
 */
export function install({ dryRun }: ServiceOptions, host = thisHost()): number {
  if (existsSync(join(host.root, packaged))) {
    const what = `The Debian package has brought the service (${packaged}): systemctl and apt-get are what changes it.`;
    throw new MinspnetError('ERR_SERVICE_PACKAGED', 'usage', what);
  }
  requireVisible(host);
  const shipped = (name: string) => readFileSync(join(host.program, 'systemd', name), 'utf8');
  const steps = [
    write(host, usersFile, shipped('minspnet.sysusers.conf')),
    run(host, 'systemd-sysusers', [usersFile]),
    folder(host, settings),
    ...(existsSync(join(host.root, settings, 'minspnet.yaml'))
      ? []
      : [write(host, join(settings, 'minspnet.yaml'), shipped('minspnet.yaml'), 0o640)]),
    run(host, 'chgrp', ['-R', user, settings]),
    ...units.map((unit) => write(host, join(unitFolder, unit), unitFor(shipped(unit), host))),
    run(host, 'systemctl', ['daemon-reload']),
    run(host, 'systemctl', ['enable', 'minspnet.service']),
    run(host, 'systemctl', ['restart', 'minspnet.service']),
  ];
  return carryOut(steps, dryRun, host, [
    `Its settings are in ${settings}/minspnet.yaml; after a change: systemctl restart minspnet`,
    'A benchmark each night, if you want one: systemctl enable --now minspnet-bench.timer',
  ]);
}

/**
 * `minspnet service uninstall`: the daemon is stopped and its units are gone.
 *
 * @throws {MinspnetError} ERR_SERVICE_SYSTEMD, ERR_SERVICE_ROOT, ERR_SERVICE_STEP
 */
export function uninstall({ dryRun, purge = false }: ServiceOptions, host = thisHost()): number {
  const present = units.filter((unit) => existsSync(join(host.root, unitFolder, unit)));
  const started = present.filter((unit) => unit !== 'minspnet-bench.service');
  const steps = [
    ...(started.length > 0 ? [run(host, 'systemctl', ['disable', '--now', ...started])] : []),
    ...present.map((unit) => remove(host, join(unitFolder, unit))),
    run(host, 'systemctl', ['daemon-reload']),
  ];
  const hasUser = existsSync(join(host.root, usersFile));
  if (purge) {
    steps.push(remove(host, settings), remove(host, state), remove(host, usersFile));
    if (hasUser) steps.push(run(host, 'userdel', [user]));
  }
  return carryOut(steps, dryRun, host, purge ? [] : [`${settings}, ${state} and the user ${user} stay (--purge)`]);
}

/**
 * `minspnet service status`: what systemd says of it.
 *
 * @returns 0 where it runs, else 71
 * @throws {MinspnetError} ERR_SERVICE_SYSTEMD
 */
export function status(host = thisHost()): number {
  requireSystemd(host);
  const { status } = host.run('systemctl', ['status', '--no-pager', '--lines=5', 'minspnet.service']);
  return status === 0 ? exitCodes.ok : exitCodes.system;
}

/**
 * `minspnet service logs`: what it said, from the journal.
 *
 * @throws {MinspnetError} ERR_SERVICE_SYSTEMD, ERR_SERVICE_STEP
 */
export function logs({ follow, lines }: LogsOptions, host = thisHost()): number {
  requireSystemd(host);
  const args = [
    '--unit=minspnet.service',
    `--lines=${Math.ceil(lines)}`,
    '--no-pager',
    ...(follow ? ['--follow'] : []),
  ];
  run(host, 'journalctl', args).act();
  return exitCodes.ok;
}

function carryOut(steps: readonly Step[], dryRun: boolean, host: Host, last: readonly string[]): number {
  if (!dryRun) {
    requireSystemd(host);
    if (host.uid !== 0) {
      const what =
        'A service is installed and removed by root. Try again with sudo, or with --dry-run to see the steps.';
      throw new MinspnetError('ERR_SERVICE_ROOT', 'permission', what);
    }
  }
  for (const { tell, act } of steps) {
    process.stdout.write(`${tell}\n`);
    if (!dryRun) act();
  }
  process.stdout.write(`${dryRun ? 'nothing was done (--dry-run)' : last.join('\n') || 'done'}\n`);
  return exitCodes.ok;
}

function requireSystemd({ root }: Host): void {
  if (existsSync(join(root, 'run/systemd/system'))) return;
  const what =
    'systemd does not run here (there is no /run/systemd/system), so it can have no service. In a container, or with ' +
    'another init, start `minspnet run` itself; it stays in the foreground and ends on SIGTERM.';
  throw new MinspnetError('ERR_SERVICE_SYSTEMD', 'system', what);
}

/** That the service's user can run what it will be told to. */
function requireVisible({ root, node, program }: Host): void {
  for (const path of [node, join(program, 'dist/src/cli.js')]) {
    const closed = hidden.test(path) ? path : parents(path).find((each) => !isOpen(join(root, each), each !== path));
    if (closed === undefined) continue;
    const why = hidden.test(path) ? 'home directories are hidden from it' : `${closed} is not open to other users`;
    const what =
      `The service could not read ${path}: ${why}. Install Node and minspnet where all users may read them, for ` +
      'example with `sudo npm install -g minspnet` and Node in /usr.';
    throw new MinspnetError('ERR_SERVICE_HIDDEN', 'permission', what);
  }
}

function parents(path: string): string[] {
  const up = dirname(path);
  return up === path ? [path] : [...parents(up), path];
}

/** Whether other users may read a file, or go through a folder. */
function isOpen(path: string, isFolder: boolean): boolean {
  return (statSync(path).mode & (isFolder ? 0o001 : 0o004)) !== 0;
}

/** A unit with the paths of an installation in place of those that the repository's has. */
export function unitFor(text: string, { node, program }: Pick<Host, 'node' | 'program'>): string {
  const escaped = (path: string) =>
    path.replaceAll('%', '%%').replaceAll(/[\s"'\\]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`);
  return text.replaceAll('/usr/bin/node', escaped(node)).replaceAll('/opt/minspnet', escaped(program));
}

function write({ root }: Host, path: string, text: string, mode = 0o644): Step {
  return {
    tell: `write ${path}`,
    act: () => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode });
    },
  };
}

function folder({ root }: Host, path: string): Step {
  return { tell: `make ${path}`, act: () => void mkdirSync(join(root, path), { recursive: true, mode: 0o750 }) };
}

function remove({ root }: Host, path: string): Step {
  return { tell: `remove ${path}`, act: () => rmSync(join(root, path), { recursive: true, force: true }) };
}

/** A program that has to end well. */
function run(host: Host, command: string, args: readonly string[]): Step {
  const line = [command, ...args].join(' ');
  return {
    tell: `run ${line}`,
    act: () => {
      const { status, error } = host.run(command, args);
      if (status === 0) return;
      const why = error?.message ?? (status === null ? 'a signal ended it' : `it ended with ${status}`);
      throw new MinspnetError('ERR_SERVICE_STEP', 'system', `\`${line}\` failed: ${why}. See its message above.`, {
        cause: error,
      });
    },
  };
}
