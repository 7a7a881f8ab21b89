import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type Host, install, logs, status, uninstall } from '../../src/commands/service.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

/** A system in a folder, and what would have been run on it; `outcomes` are exit codes by the first words of a line. */
function hostIn(t: Test, values: Partial<Host> & { outcomes?: Record<string, number> } = {}) {
  const lines: string[] = [];
  const root = t.testdir({ run: { systemd: { system: {} } } });
  const host: Host = {
    root,
    uid: 0,
    node: '/opt/node 20/bin/node',
    program: '/opt/minspnet',
    run: (command, args) => {
      const line = [command, ...args].join(' ');
      lines.push(line);
      return { status: Object.entries(values.outcomes ?? {}).find(([start]) => line.startsWith(start))?.[1] ?? 0 };
    },
    ...values,
  };
  for (const path of [join(root, host.node), join(root, host.program, 'dist/src/cli.js')]) {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '', { mode: 0o755 });
  }
  return { host, lines, read: (path: string) => readFileSync(join(root, path), 'utf8') };
}

/** The program's folder inside the system is only looked at; its units are this repository's. */
function withUnits(t: Test, values: Parameters<typeof hostIn>[1] = {}) {
  return hostIn(t, { node: '/usr/local/bin/node', program: repository, ...values });
}

function silently<T>(t: Test, act: () => T): { result: T; said: string } {
  const { args } = t.capture(process.stdout, 'write', () => true) as unknown as { args: () => unknown[][] };
  const result = act();
  return { result, said: args().join('') };
}

t.test('installs units that start this installation, and keeps settings that are there', async (t) => {
  const { host, lines, read } = withUnits(t);
  const { result } = silently(t, () => install({ dryRun: false }, host));
  t.equal(result, 0);
  const unit = read('etc/systemd/system/minspnet.service');
  const start = `ExecStart=/usr/local/bin/node --max-semi-space-size=2 ${repository}/dist/src/cli.js run`;
  t.ok(unit.split('\n').includes(start), unit);
  t.match(read('etc/systemd/system/minspnet-bench.service'), `${repository}/dist/src/cli.js bench`);
  t.notMatch(unit + read('etc/systemd/system/minspnet-bench.service'), /\/opt\/minspnet|\/usr\/bin\/node/);
  t.strictSame(lines.slice(-3), [
    'systemctl daemon-reload',
    'systemctl enable minspnet.service',
    'systemctl restart minspnet.service',
  ]);
  t.equal(statSync(join(host.root, 'etc/minspnet')).mode & 0o777, 0o750);

  writeFileSync(join(host.root, 'etc/minspnet/minspnet.yaml'), 'node: porch\n');
  const { said } = silently(t, () => install({ dryRun: false }, host));
  t.equal(read('etc/minspnet/minspnet.yaml'), 'node: porch\n');
  t.notMatch(said, /write .*minspnet\.yaml/);
});

t.test('tells each step, and with --dry-run does none, for anybody and without systemd', async (t) => {
  const { host, lines } = withUnits(t, { uid: 1000 });
  const { result, said } = silently(t, () => install({ dryRun: true }, host));
  t.equal(result, 0);
  t.match(said, /^write \/etc\/systemd\/system\/minspnet\.service\n[\s\S]*^run systemctl restart minspnet\.service$/m);
  t.strictSame(lines, []);
  t.notOk(existsSync(join(host.root, 'etc')));
});

t.test('refuses with a name and an exit code', async (t) => {
  const user = withUnits(t, { uid: 1000 }).host;
  t.throws(() => silently(t, () => install({ dryRun: false }, user)), { code: 'ERR_SERVICE_ROOT', exit: 'permission' });
  const bare = { ...withUnits(t).host, root: t.testdir({ bare: {} }) };
  for (const act of [
    () => status(bare),
    () => logs({ follow: false, lines: 1 }, bare),
    () => uninstall({ dryRun: false }, bare),
  ]) {
    t.throws(() => silently(t, act), { code: 'ERR_SERVICE_SYSTEMD', exit: 'system' });
  }
  const home = hostIn(t, { node: '/root/.nvm/bin/node' }).host;
  t.throws(() => install({ dryRun: true }, home), {
    code: 'ERR_SERVICE_HIDDEN',
    message: /home directories are hidden/,
  });
  const debian = withUnits(t).host;
  mkdirSync(join(debian.root, 'usr/lib/systemd/system'), { recursive: true });
  writeFileSync(join(debian.root, 'usr/lib/systemd/system/minspnet.service'), '');
  t.throws(() => install({ dryRun: true }, debian), { code: 'ERR_SERVICE_PACKAGED', exit: 'usage' });
  const failing = withUnits(t, { outcomes: { 'systemctl restart': 1 } });
  t.throws(() => silently(t, () => install({ dryRun: false }, failing.host)), {
    code: 'ERR_SERVICE_STEP',
    message: /`systemctl restart minspnet\.service` failed: it ended with 1/,
  });
});

t.test('a folder that others may not enter is named', async (t) => {
  const { host } = hostIn(t, { node: '/srv/secret/node' });
  chmodSync(join(host.root, 'srv/secret'), 0o700);
  t.throws(() => install({ dryRun: true }, host), { message: /\/srv\/secret is not open to other users/ });
});

t.test('uninstalls what is there; settings and state only when asked to', async (t) => {
  const { host, lines } = withUnits(t);
  silently(t, () => install({ dryRun: false }, host));
  mkdirSync(join(host.root, 'var/lib/minspnet'), { recursive: true });
  lines.length = 0;
  silently(t, () => uninstall({ dryRun: false }, host));
  t.strictSame(lines, ['systemctl disable --now minspnet.service minspnet-bench.timer', 'systemctl daemon-reload']);
  t.notOk(existsSync(join(host.root, 'etc/systemd/system/minspnet.service')));
  t.ok(existsSync(join(host.root, 'etc/minspnet/minspnet.yaml')));
  silently(t, () => uninstall({ dryRun: false, purge: true }, host));
  for (const path of ['etc/minspnet', 'var/lib/minspnet', 'etc/sysusers.d/minspnet.conf']) {
    t.notOk(existsSync(join(host.root, path)), path);
  }
  t.equal(lines.at(-1), 'userdel minspnet');
});

t.test('status ends with 0 while it runs and with 71 where it does not', async (t) => {
  t.equal(status(withUnits(t).host), 0);
  t.equal(status(withUnits(t, { outcomes: { 'systemctl status': 3 } }).host), 71);
});
