import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { exitCodes } from '../../src/contract/errors.js';

const unit = readFileSync('systemd/minspnet.service', 'utf8');
const services = ['minspnet.service', 'minspnet-bench.service'];

function skipWithout(command: string): string | false {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  return error ? `there is no ${command} here` : false;
}

/** The values of a key, in the order in which they stand. */
function valuesOf(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** What systemd-analyze says of a unit, its program replaced by one that every machine with these tests has. */
function verify(t: Test, text: string, name = 'minspnet.service'): { status: number | null; output: string } {
  const here = text.replaceAll('/usr/bin/node', process.execPath).replaceAll('/opt/minspnet', resolve('.'));
  const file = join(t.testdir({ [name]: here }), name);
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

t.test('systemd finds nothing to complain about', { skip: skipWithout('systemd-analyze') }, async (t) => {
  for (const name of services) {
    t.strictSame(verify(t, readFileSync(join('systemd', name), 'utf8'), name), { status: 0, output: '' }, name);
  }
  const timer = ['verify', '--man=no', resolve('systemd/minspnet-bench.timer')];
  t.equal(spawnSync('systemd-analyze', timer, { encoding: 'utf8' }).stderr.match(/timer/)?.[0], undefined);
});

t.test('and would say so', { skip: skipWithout('systemd-analyze') }, async (t) => {
  t.match(verify(t, unit.replace('ProtectSystem=strict', 'ProtectSystm=strict')).output, /ProtectSystm/);
});

t.test('it may do little', { skip: skipWithout('systemd-analyze') }, async (t) => {
  for (const name of services) {
    const args = ['security', '--offline=true', '--threshold=20', resolve('systemd', name)]; // 2.0 of 10
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    t.equal(status, 0, stdout.slice(-100));
  }
});

t.test('the benchmark may do what the daemon may, and no more', async (t) => {
  const rights = (name: string) =>
    readFileSync(join('systemd', name), 'utf8')
      .split('\n')
      .filter((line) => /^(?:Protect|Private|Device|Capab|NoNew|Lock|Key|Remove|Restrict|System|U|Mem)/.test(line));
  t.strictSame(rights('minspnet-bench.service').sort(), rights('minspnet.service').sort());
});

t.test('the user and its groups can be made', { skip: skipWithout('systemd-sysusers') }, async (t) => {
  const root = t.testdir({ etc: {} });
  execFileSync('systemd-sysusers', [`--root=${root}`, resolve('systemd/minspnet.sysusers.conf')], { stdio: 'pipe' });
  const groups = readFileSync(join(root, 'etc/group'), 'utf8');
  for (const group of ['video', 'render']) t.match(groups, new RegExp(`^${group}:.*minspnet$`, 'm'));
  t.match(readFileSync(join(root, 'etc/passwd'), 'utf8'), /^minspnet:.*nologin$/m);
});

t.test('no restart for what another try can’t mend', async (t) => {
  const { usage, source, input, config, model } = exitCodes;
  const expected = [usage, source, input, config, model].sort();
  t.strictSame(valuesOf('RestartPreventExitStatus')[0]?.split(' ').map(Number), expected);
});

t.test('what the daemon relies on', async (t) => {
  t.strictSame(valuesOf('Type'), ['notify']);
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.strictSame(valuesOf('ExecStart'), [
    scripts.start
      .replace('exec env MALLOC_ARENA_MAX=1 node ', '/usr/bin/node ')
      .replace('dist/', '/opt/minspnet/dist/'),
  ]);
  t.ok(valuesOf('Environment').includes('MALLOC_ARENA_MAX=1'));
  t.strictSame(valuesOf('NotifyAccess'), ['all'], 'systemd-notify is a child of ours');
  t.strictSame(valuesOf('StateDirectory'), ['minspnet']);
  t.strictSame(valuesOf('MemoryDenyWriteExecute'), [], 'V8 could not compile');
});
