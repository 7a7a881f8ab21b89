import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DebianTree, debianVersion } from '../../packaging/debian-package.js';
import { packAll } from '../../packaging/npm-packages.js';
import { BootedDebian, whyNoBoot } from './booted.js';
import { Debian } from './chroot.js';

/*
 * `npm run test:systemd`: a Debian 12 is booted with systemd as process 1 (systemd-nspawn), the package is installed in
 * it, and the service does what its unit promises: readiness, watchdog, restarts, no restart for wrong settings, the
 * sandbox, the benchmark, stop, upgrade, purge; then `minspnet service` as for an installation by npm.
 */
const unit = 'minspnet.service';
const settings = '/etc/minspnet/minspnet.yaml';
/** The watchdog's 30 s and what systemd takes to end a process that stands still, on a busy machine. */
const watchdogMs = 90_000;
const startMs = 60_000;

const reason = whyNoBoot();
if (reason === undefined) await main();
else console.log(`skipped: ${reason}`);

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-systemd-'));
  try {
    const tree = await DebianTree.make(join(folder, 'tree'), 'x64', await packAll(join(folder, 'packages')));
    const files = [await tree.build(folder, debianVersion(), 1), await tree.build(folder, `${debianVersion()}+1`, 1)];
    await rm(tree.folder, { recursive: true });
    const included = ['systemd', 'systemd-sysv', 'dbus', 'libatomic1', 'libstdc++6'];
    await using debian = await Debian.make('bookworm', 'amd64', included);
    await debian.release();
    for (const file of files) await cp(file, join(debian.root, 'opt', basename(file)));
    await using booted = await BootedDebian.boot(debian);
    const [first = '', second = ''] = files.map((file) => `/opt/${basename(file)}`);
    await service(booted, first, second);
    await npmInstallation(booted);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function service(booted: BootedDebian, first: string, second: string): Promise<void> {
  await booted.run('dpkg', '--install', first);
  check((await booted.show(unit, 'ActiveState')) === 'active', 'the package starts it, and it says that it is ready');
  const told = await booted.until('an event', async () => (await journal(booted)).includes('event '), startMs);
  check(true, `it told an event within ${told.toFixed(0)} s`);
  const pid = await booted.show(unit, 'MainPID');
  const status = await booted.run('cat', `/proc/${pid}/status`);
  check(/CapEff:\s+0+$/m.test(status) && /NoNewPrivs:\s+1/.test(status), 'it has no capabilities, and can get none');
  check(/Seccomp:\s+2/.test(status) && !/^Uid:\s+0\b/m.test(status), 'its system calls are filtered; it is not root');
  check(await isReadOnly(booted, pid), 'of the file system it may write to its state only');
  check(/^\d+$/.test(await booted.show(unit, 'MemoryMax')), `MemoryMax=${await booted.show(unit, 'MemoryMax')}`);
  console.log(`    ${(await booted.output('systemd-analyze', 'security', unit)).split('\n').at(-1)}`);

  const hasStatus = async () => (await booted.show(unit, 'StatusText')).includes('1 of 1 cameras live');
  await booted.until('its status', hasStatus, startMs);
  check(true, `systemctl status shows: ${await booted.show(unit, 'StatusText')}`);

  await booted.run('systemctl', 'kill', '--kill-who=main', '--signal=STOP', unit);
  const silent = await booted.until('the watchdog', async () => await isAnother(booted, pid), watchdogMs);
  check(true, `a daemon that stands still was replaced after ${silent.toFixed(0)} s`);
  const replaced = await booted.show(unit, 'MainPID');
  await booted.run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', unit);
  await booted.until('the restart', async () => await isAnother(booted, replaced), startMs);
  check(true, 'a daemon that was killed was replaced');

  await booted.run('sh', '-c', `echo 'nod: porch' > ${settings}`);
  await booted.output('systemctl', 'restart', unit);
  await booted.until('the failure', async () => (await booted.show(unit, 'ActiveState')) === 'failed', startMs);
  check(
    (await booted.show(unit, 'ExecMainStatus')) === '78',
    'settings with an error: it ends with 78, and is not restarted',
  );
  await booted.run('sh', '-c', `echo 'node: porch' > ${settings}`);
  await booted.run('systemctl', 'restart', unit);
  check((await booted.show(unit, 'ActiveState')) === 'active', 'it starts again when they are mended');

  await benchmark(booted);
  const before = await booted.show(unit, 'MainPID');
  await booted.run('dpkg', '--force-confold', '--install', second);
  check(await isAnother(booted, before), 'an upgrade restarts it');
  check((await booted.run('cat', settings)) === 'node: porch', 'and keeps the settings');
  await booted.run('systemctl', 'stop', unit);
  check((await booted.show(unit, 'Result')) === 'success', 'it stops in order');
  await booted.run('cp', '-a', '/usr/lib/minspnet', '/opt/minspnet');
  await booted.run('dpkg', '--purge', 'minspnet');
  check((await booted.show(unit, 'LoadState')) === 'not-found', 'purged, systemd knows it no more');
}

/** The nightly benchmark, now and shorter. */
async function benchmark(booted: BootedDebian): Promise<void> {
  const dropIn = '/run/systemd/system/minspnet-bench.service.d';
  const command = (await booted.run('grep', '^ExecStart=', '/usr/lib/systemd/system/minspnet-bench.service')).replace(
    '30s',
    '2s',
  );
  await booted.run(
    'sh',
    '-c',
    `mkdir -p ${dropIn} && printf '[Service]\\nExecStart=\\n%s\\n' '${command}' > ${dropIn}/short.conf`,
  );
  await booted.run('systemctl', 'daemon-reload');
  const said = await booted.output('systemctl', 'start', 'minspnet-bench.service');
  check(
    (await booted.show('minspnet-bench.service', 'Result')) === 'success',
    `the benchmark ends well beside it ${said}`,
  );
  check(
    (await booted.output('stat', '-c', '%U', '/var/lib/minspnet/bench.json')) === 'minspnet',
    'and writes its figures',
  );
  await booted.run('systemctl', 'enable', '--now', 'minspnet-bench.timer');
  const next = await booted.show('minspnet-bench.timer', 'NextElapseUSecRealtime');
  check(/ 0[34]:\d\d:\d\d /.test(next), `the next one: ${next}`);
}

/** `minspnet service` of an installation that no package brought. */
async function npmInstallation(booted: BootedDebian): Promise<void> {
  const minspnet = (...args: string[]) =>
    booted.run('/opt/minspnet/bin/node', '/opt/minspnet/dist/src/cli.js', ...args);
  await minspnet('service', 'install');
  check((await minspnet('service', 'status')).includes('active (running)'), 'minspnet service install: it runs');
  check((await minspnet('service', 'logs')).includes('minspnet'), 'minspnet service logs: it said something');
  await minspnet('service', 'uninstall', '--purge');
  check((await booted.show(unit, 'LoadState')) === 'not-found', 'minspnet service uninstall --purge: it is gone');
  const left = await booted.output(
    'sh',
    '-c',
    'ls -d /etc/minspnet /var/lib/minspnet 2>/dev/null; getent passwd minspnet',
  );
  check(left === '', `nothing is left ${left}`);
}

async function isAnother(booted: BootedDebian, pid: string): Promise<boolean> {
  const now = await booted.show(unit, 'MainPID');
  return now !== '0' && now !== pid && (await booted.show(unit, 'ActiveState')) === 'active';
}

function journal(booted: BootedDebian): Promise<string> {
  return booted.output('journalctl', '--unit', unit, '--output=cat', '--no-pager');
}

/** Seen from inside the service: its own view of the file system. */
async function isReadOnly(booted: BootedDebian, pid: string): Promise<boolean> {
  const table = await booted.run('cat', `/proc/${pid}/mountinfo`);
  const writable = (path: string) => new RegExp(` ${path} rw`).test(table);
  return !writable('/') && !writable('/usr') && !writable('/etc') && writable('/var/lib/minspnet');
}

function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? 'ok' : 'NOT OK'}: ${what}`);
  if (!isRight) process.exitCode = 1;
}
