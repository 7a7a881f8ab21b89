import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DebianTree, debianVersion, dependencies } from '../../packaging/debian-package.js';
import { packAll } from '../../packaging/npm-packages.js';
import { repository } from '../../packaging/shipped.js';
import { type Architecture, Debian, type Suite, whyNoDebian } from './chroot.js';

/*
 * `npm run test:deb [-- SUITE/ARCHITECTURE...]`: the Debian package in fresh Debians: installs, watches the demo as its
 * own user, upgrades, keeps the settings, is removed and purged without a trace. By default Debian 12 and 13 on amd64,
 * and on arm64 under QEMU. No systemd runs in a chroot: `npm run test:systemd` has one.
 */
const everywhere = ['bookworm/amd64', 'trixie/amd64', 'bookworm/arm64', 'trixie/arm64'];
/** An upgrade has other default settings, so that dpkg has to choose. */
const newer = `${debianVersion()}+1`;
const settings = '/etc/minspnet/minspnet.yaml';
const own = 'node: porch # the administrator’s\n';

const reason = whyNoDebian();
if (reason === undefined) {
  await test(process.argv.length > 2 ? process.argv.slice(2) : everywhere);
} else {
  console.log(`skipped: ${reason}`);
}

async function test(where: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-deb-'));
  try {
    const packages = await packAll(join(folder, 'packages'));
    for (const architecture of ['amd64', 'arm64'] as const) {
      const suites = where.filter((each) => each.endsWith(architecture)).map((each) => each.split('/')[0] as Suite);
      if (suites.length === 0) continue;
      const processor = architecture === 'amd64' ? 'x64' : 'arm64';
      const tree = await DebianTree.make(join(folder, architecture), processor, packages);
      const first = await tree.build(folder, debianVersion(), 1);
      const file = join(tree.folder, settings);
      await writeFile(file, `${await readFile(file, 'utf8')}# a newer version\n`);
      const second = await tree.build(folder, newer, 1);
      await rm(tree.folder, { recursive: true });
      for (const suite of suites) await inside(suite, architecture, first, second);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function inside(suite: Suite, architecture: Architecture, first: string, second: string): Promise<void> {
  const check = (isRight: boolean, what: string) => {
    console.log(`${isRight ? 'ok' : 'NOT OK'}: ${suite} ${architecture}: ${what}`);
    if (!isRight) process.exitCode = 1;
  };
  await using debian = await Debian.make(suite, architecture);
  for (const file of [first, second]) await cp(file, join(debian.root, 'root', basename(file)));
  await debian.run('apt-get', '-q', 'update');
  await debian.run('apt-get', '-qy', '--no-install-recommends', 'satisfy', dependencies.join(', '));
  const before = await debian.files();
  const accounts = await debian.read('/etc/passwd');

  await debian.run('dpkg', '--install', `/root/${basename(first)}`);
  check(/^minspnet:/m.test(await debian.read('/etc/passwd')), 'installs, and makes its user');
  const rights = await debian.run('stat', '-c', '%U:%G %a', '/etc/minspnet', settings);
  check(
    rights === 'root:minspnet 750\nroot:minspnet 640\n',
    `its settings are for itself only (${rights.trim().replace('\n', ', ')})`,
  );
  const version = (await debian.run('minspnet', '--version')).trim();
  check(version === debianVersion().replace(/-1$/, ''), `minspnet --version: ${version}`);
  const enabled = '/etc/systemd/system/multi-user.target.wants/minspnet.service';
  check((await debian.run('readlink', enabled).catch(String)).includes('/minspnet.service'), 'is enabled');
  const seen = await (architecture === 'amd64' ? watch(debian) : detect(debian));
  check(seen !== undefined, `runs as its user and tells: ${seen ?? 'nothing'}`);

  await debian.write(settings, own);
  await debian.run('dpkg', '--force-confdef', '--force-confold', '--install', `/root/${basename(second)}`);
  check((await debian.run('dpkg-query', '--show', 'minspnet')) === `minspnet\t${newer}\n`, `upgrades to ${newer}`);
  check((await debian.read(settings)) === own, 'keeps the settings over an upgrade that brings others');
  check((await debian.run('stat', '-c', '%U:%G %a', settings)) === 'root:minspnet 640\n', 'and their rights');

  await debian.run('dpkg', '--remove', 'minspnet');
  check(!(await debian.has('/usr/lib/minspnet')), 'is removed');
  check((await debian.read(settings)) === own, 'keeps the settings when it is removed');
  await debian.run('dpkg', '--purge', 'minspnet');
  const left = [...(await debian.files())].filter((file) => !before.has(file));
  check(left.length === 0, `is purged without a trace ${left.join(' ')}`);
  check((await debian.read('/etc/passwd')) === accounts, 'its user too');
}

/** Runs the daemon on the demo, as the service would, until it told an event; what it told. */
async function watch(debian: Debian): Promise<string | undefined> {
  const script =
    'install -d -o minspnet -g minspnet /var/lib/minspnet && cd /var/lib/minspnet && ' +
    'MINSPNET_STATE_DIRECTORY=/var/lib/minspnet timeout -k 10 60 ' +
    `runuser -u minspnet -- minspnet run --source demo 2>&1 | sed '/"msg":"event /q'`;
  return found(/"msg":"event +([^"]*)"/, await debian.run('sh', '-c', script).catch(String));
}

/** One picture: QEMU on a busy machine is slower than the daemon allows its engine to be. */
async function detect(debian: Debian): Promise<string | undefined> {
  const script = 'timeout -k 10 240 runuser -u minspnet -- minspnet detect /root/picture.jpg 2>&1';
  await debian.run('sh', '-c', 'chmod 755 /root');
  await cp(join(repository, 'docs/images/street.jpg'), join(debian.root, 'root/picture.jpg'));
  return found(/(person \S+)/, await debian.run('sh', '-c', script).catch(String));
}

function found(pattern: RegExp, said: string): string | undefined {
  const [, what] = pattern.exec(said) ?? [];
  if (what === undefined) console.log(said);
  return what;
}
