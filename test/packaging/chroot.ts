import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/broker.js';

const execute = promisify(execFile);

export type Suite = 'bookworm' | 'trixie';
export type Architecture = 'amd64' | 'arm64';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minspnet/debian');
const binfmt = '/proc/sys/fs/binfmt_misc';

/** What Linux says of a Raspberry Pi 5's core: QEMU passes the host's through, which ONNX Runtime can't read. */
const cpuinfo = `processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1

`;

/** Why no Debian can be set up here, or undefined. */
export function whyNoDebian(): string | undefined {
  if (process.getuid?.() !== 0) return 'it wants root, for debootstrap and chroot';
  if (findProgram('debootstrap') === undefined) return 'there is no debootstrap (Debian: debootstrap)';
  return undefined;
}

/** A minimal Debian in a folder, for as long as a test wants it. */
export class Debian implements AsyncDisposable {
  private constructor(
    readonly root: string,
    private readonly mounts: string[],
  ) {}

  /** From the cache, where debootstrap put it at the first time. */
  static async make(suite: Suite, architecture: Architecture, more: readonly string[] = []): Promise<Debian> {
    if (architecture === 'arm64') await emulateArm64();
    const base = await bootstrapped(suite, architecture, more);
    const root = await mkdtemp(join(tmpdir(), `minspnet-${suite}-${architecture}-`));
    await execute('tar', ['-xf', base, '-C', root]);
    const debian = new Debian(root, []);
    await cp('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true });
    await debian.#mount(['-t', 'proc', 'proc'], 'proc');
    await debian.#mount(['--bind', '/dev'], 'dev');
    await debian.#mount(['--bind', '-o', 'ro', '/sys'], 'sys');
    if (architecture === 'arm64') {
      await writeFile(join(root, 'cpuinfo'), cpuinfo);
      await debian.#mount(['--bind', join(root, 'cpuinfo')], 'proc/cpuinfo');
    }
    return debian;
  }

  /** Runs a command to its end as root; what it printed. Rejects where it fails. */
  async run(command: string, ...args: string[]): Promise<string> {
    const { stdout, stderr } = await execute('chroot', [this.root, command, ...args], {
      env: environment,
      timeout: 600_000,
      maxBuffer: 64 << 20,
    });
    return stdout + stderr;
  }

  /** All files, without what package managers and programs keep for themselves. */
  async files(): Promise<Set<string>> {
    const { stdout } = await execute('find', [this.root, '-xdev', '-printf', '/%P\n'], { maxBuffer: 64 << 20 });
    const own =
      /^\/(?:var\/(?:lib\/(?:dpkg|apt|systemd\/deb-systemd-helper-[^/]*)|cache|log|tmp)|tmp|run|proc|dev|root)(?:\/|$)/;
    const saved = /^\/etc\/(?:passwd|group|shadow|gshadow)-$/; // the version before, of any change
    return new Set(stdout.split('\n').filter((file) => !own.test(file) && !saved.test(file)));
  }

  async has(path: string): Promise<boolean> {
    return existsSync(join(this.root, path));
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8');
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.root, path), text);
  }

  /** Takes away what was mounted in it, for who boots it. */
  async release(): Promise<void> {
    for (const mounted of this.mounts.splice(0).reverse()) await execute('umount', [mounted]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    // What is still mounted, such as this machine's devices, is not to be emptied.
    await execute('rm', ['-rf', '--one-file-system', this.root]);
  }

  async #mount(args: readonly string[], where: string): Promise<void> {
    const path = join(this.root, where);
    await execute('mount', [...args, path]);
    this.mounts.push(path);
  }
}

const environment = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  QEMU_CPU: 'cortex-a76',
};

async function bootstrapped(suite: Suite, architecture: Architecture, more: readonly string[]): Promise<string> {
  const file = join(cache, `${[suite, architecture, ...more].join('-')}.tar`);
  if (existsSync(file)) return file;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'making-'));
  try {
    const include = more.length > 0 ? [`--include=${more.join(',')}`] : [];
    const args = [`--arch=${architecture}`, '--variant=minbase', ...include, suite, join(making, 'root')];
    await execute('debootstrap', args, { timeout: 1_800_000, maxBuffer: 64 << 20 });
    await execute('tar', ['-C', join(making, 'root'), '-cf', join(making, 'root.tar'), '.']);
    await rename(join(making, 'root.tar'), file);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return file;
}

/** Has the kernel start arm64 programs through QEMU, as Debian's qemu-user-static does on a machine with systemd. */
async function emulateArm64(): Promise<void> {
  if (process.arch === 'arm64' || existsSync(join(binfmt, 'qemu-aarch64'))) return;
  if (!existsSync(join(binfmt, 'register'))) await execute('mount', ['-t', 'binfmt_misc', 'binfmt_misc', binfmt]);
  const lines = (await readFile('/usr/lib/binfmt.d/qemu-aarch64.conf', 'utf8')).split('\n');
  await writeFile(join(binfmt, 'register'), lines.find((line) => line.startsWith(':')) ?? '');
}
