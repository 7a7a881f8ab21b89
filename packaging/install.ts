import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Processor } from './shipped.js';

const execute = promisify(execFile);

/** What a person's npm would see here: nothing of this repository's, or of who runs this. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      /^(?:PATH|LANG|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|npm_config_cache)$/.test(name) || /_proxy$/i.test(name),
  );
  return { ...Object.fromEntries(kept), HOME: home };
}

export interface InstallOptions {
  /** The address of the registry. */
  registry: string;
  /** npm's own option. */
  ignoreScripts?: boolean;
  /** As if this machine had it. */
  processor?: Processor;
}

/** `npm install -g` into an empty folder, as a user whose npm has no settings. */
export async function install(
  what: readonly string[],
  prefix: string,
  { registry, ignoreScripts = false, processor }: InstallOptions,
): Promise<void> {
  const home = join(prefix, 'home');
  await mkdir(home, { recursive: true });
  const args = ['install', '--global', '--prefix', prefix, '--registry', registry, '--no-audit', '--no-fund'];
  if (ignoreScripts) args.push('--ignore-scripts');
  if (processor !== undefined) args.push('--os=linux', `--cpu=${processor}`, '--libc=glibc');
  const options = { env: environmentOf(home), cwd: home, timeout: 300_000, maxBuffer: 16 << 20 };
  await execute('npm', [...args, ...what], options);
}

/** `npm install` of a tarball into a program's folder, as a user whose npm has no settings but the registry's address. */
export async function installBeside(tarball: string, folder: string): Promise<void> {
  const args = ['install', tarball, '--registry', await usualRegistry(), '--no-audit', '--no-fund'];
  await execute('npm', args, { env: environmentOf(folder), cwd: folder, timeout: 300_000 });
}

/** Where `npm install -g` puts packages below its prefix. */
export const packagesBelow = (prefix: string): string => join(prefix, 'lib/node_modules');

/** Bytes on disk, as du counts them: whole blocks. Files that are one file under two names count once. */
export async function bytesOnDisk(folder: string): Promise<number> {
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of ['.', ...(await readdir(folder, { recursive: true }))]) {
    const { ino, blocks } = await lstat(join(folder, entry));
    if (!seen.has(ino)) bytes += blocks * 512;
    seen.add(ino);
  }
  return bytes;
}

/** The registry that npm itself would ask. */
export async function usualRegistry(): Promise<string> {
  const { stdout } = await execute('npm', ['config', 'get', 'registry']);
  return stdout.trim();
}
