import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How many numbers are set aside with one write: an fsync for every thousand events costs the flash nothing. */
const block = 1000;

interface Contents {
  version: 1;
  /** Of the system's start in which it was written; '' where the system has none. */
  boot: string;
  /** Whether `cameras` holds the last numbers given, rather than the last that may have been. */
  clean: boolean;
  cameras: Record<string, number>;
  /** Names this numbering. */
  stream: string;
}

/**
 * Remembers, apart from the outbox and always by fsync, up to which number each camera may have counted.
 * The outbox's own last number can be gone with a damaged database or, without fsync, with a power cut; numbers that
 * subscribers have already seen must not come again, so after such an end the count goes on above this file's.
 *
 * A number is set aside here before any event bears it. A clean stop writes the exact ones.
 */
export class SequenceFile {
  readonly #path: string;
  #bootId = '';
  #reserved = new Map<string, number>();
  /** What the last run left; undefined where there was no file, or none that can be read. */
  #found: Contents | undefined;
  #stream = randomBytes(6).toString('base64url');

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * A file that can't be understood counts as none: `known` tells.
   *
   * @param bootId see {@link readBootId}
   */
  async load(bootId: string): Promise<void> {
    this.#bootId = bootId;
    try {
      const contents = JSON.parse(await readFile(this.#path, 'utf8')) as Contents;
      if (contents.version !== 1 || !Object.values(contents.cameras).every(Number.isSafeInteger)) return;
      this.#found = contents;
      this.#stream = contents.stream ?? this.#stream;
      this.#reserved = new Map(Object.entries(contents.cameras));
    } catch {
      this.#found = undefined;
    }
  }

  /** The name of this numbering: the same as long as this file can be read, so that subscribers may compare numbers. */
  get stream(): string {
    return this.#stream;
  }

  get known(): boolean {
    return this.#found !== undefined;
  }

  /** The last run stopped in good order: `reserved` is then the very last number. */
  get clean(): boolean {
    return this.#found?.clean ?? false;
  }

  /** The system has not restarted since: what a killed process had written is still there, fsync or not. */
  get sameBoot(): boolean {
    return this.#bootId !== '' && this.#found?.boot === this.#bootId;
  }

  get cameras(): Iterable<string> {
    return this.#reserved.keys();
  }

  /** The last number that this camera may have used; 0 for an unknown camera. */
  reserved(camera: string): number {
    return this.#reserved.get(camera) ?? 0;
  }

  /**
   * Sets numbers aside for each camera that has reached its end, all with one write.
   *
   * @throws what the file system throws; nothing is set aside then
   */
  async reserve(last: ReadonlyMap<string, number>): Promise<void> {
    const next = new Map(this.#reserved);
    for (const [camera, seq] of last) {
      if (seq > this.reserved(camera)) next.set(camera, seq + block);
    }
    await this.#write(next, false);
    this.#reserved = next;
  }

  /** @throws what the file system throws */
  async close(last: ReadonlyMap<string, number>): Promise<void> {
    await this.#write(last, true);
  }

  async #write(numbers: ReadonlyMap<string, number>, clean: boolean): Promise<void> {
    const contents: Contents = {
      version: 1,
      boot: this.#bootId,
      clean,
      cameras: Object.fromEntries(numbers),
      stream: this.#stream,
    };
    const temporary = `${this.#path}.new`;
    await writeThrough(temporary, JSON.stringify(contents));
    await rename(temporary, this.#path);
    // The new name itself must reach the disk, too, where the system has a way to say so.
    const directory = await open(dirname(this.#path), 'r').catch(() => undefined);
    await directory?.sync().catch(() => {});
    await directory?.close();
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Linux's name for the current start of the system; '' elsewhere, which is taken for "may have restarted". */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
