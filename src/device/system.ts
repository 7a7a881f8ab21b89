import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface SystemOptions {
  /** Where programs are looked for, as `$PATH`, which is the default. */
  searchPath?: string | undefined;
  /** How long a file may take, ms: the kernel asks the sensor's bus while it is read. */
  fileMs?: number;
  /** How long a program may take, ms. */
  commandMs?: number;
}

/** What a program printed, and where it did not end well, why. */
export type CommandResult = { stdout: string } | { stdout: string; failure: 'absent' | 'timeout' | 'failed' };

/** Files that hang, at most: each keeps one of libuv's four threads, and the outbox needs some, too. */
const maxHanging = 2;

/**
 * The operating system as this room reads it: text files and programs, where everything may be missing, be unreadable
 * or never answer. Nothing here throws; what can't be had is `undefined`.
 */
export class System {
  /** Files that did not answer in time and still have not. They are not asked again until they do. */
  readonly #hanging = new Set<string>();
  readonly #searchPath: string | undefined;
  readonly #fileMs: number;
  readonly #commandMs: number;

  /** @param root of the file system, above `/sys`, `/proc`, `/etc`; another one in tests */
  constructor(
    private readonly root = '/',
    options: SystemOptions = {},
  ) {
    this.#searchPath = options.searchPath ?? process.env.PATH;
    this.#fileMs = options.fileMs ?? 500;
    this.#commandMs = options.commandMs ?? 2000;
  }

  /** A file's text, without the white space around it and without NULs, which end a device tree's strings. */
  async text(path: string): Promise<string | undefined> {
    return (await this.#raw(path))?.replaceAll('\0', '').trim();
  }

  /** The strings of a device-tree property, each of which ends in NUL; none where there is no such property. */
  async strings(path: string): Promise<string[]> {
    return (await this.#raw(path))?.split('\0').filter(Boolean) ?? [];
  }

  /** The one whole number that a file of sysfs holds; undefined where it holds anything else. */
  async integer(path: string): Promise<number | undefined> {
    const text = await this.text(path);
    return text !== undefined && /^-?\d{1,18}$/.test(text) ? Number(text) : undefined;
  }

  /** The names in a folder, where numbers count as such (`hwmon10` after `hwmon9`); none where there is no folder. */
  async list(path: string): Promise<string[]> {
    const names = await this.#guarded(path, () => readdir(this.path(path)));
    return names?.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })) ?? [];
  }

  /** What a symbolic link says. */
  target(path: string): Promise<string | undefined> {
    return this.#guarded(path, () => readlink(this.path(path)));
  }

  /** Runs a program without a shell; one that takes too long is killed. */
  run(program: string, args: readonly string[], timeoutMs = this.#commandMs): Promise<CommandResult> {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 64 * 1024,
      env: { ...process.env, PATH: this.#searchPath, LC_ALL: 'C' },
    };
    return new Promise((resolve) => {
      execFile(program, args, options, (error, stdout) => {
        if (error === null) resolve({ stdout });
        else if (error.code === 'ENOENT') resolve({ stdout, failure: 'absent' });
        else resolve({ stdout, failure: error.killed && error.signal === 'SIGKILL' ? 'timeout' : 'failed' });
      });
    });
  }

  /** Where a path of the system lies under the root. */
  path(path: string): string {
    return join(this.root, path);
  }

  #raw(path: string): Promise<string | undefined> {
    return this.#guarded(path, () => readFile(this.path(path), 'utf8'));
  }

  async #guarded<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
    if (this.#hanging.has(path) || this.#hanging.size >= maxHanging) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.#hanging.add(path);
        resolve(undefined);
      }, this.#fileMs);
    });
    const reading = read().then(
      (value) => value,
      () => undefined,
    );
    void reading.then(() => {
      clearTimeout(timer);
      this.#hanging.delete(path);
    });
    return Promise.race([reading, late]);
  }
}

type Failure = Extract<CommandResult, { failure: string }>['failure'];

/** Why the Raspberry Pi's firmware could not be asked, with what to do. */
export function vcgencmdAdvice(failure: Failure): string {
  if (failure === 'absent') return 'there is no vcgencmd: install raspi-utils (libraspberrypi-bin before Bookworm)';
  if (failure === 'timeout') return 'vcgencmd did not answer in time';
  return 'vcgencmd failed: it needs /dev/vcio, which the group video may use';
}
