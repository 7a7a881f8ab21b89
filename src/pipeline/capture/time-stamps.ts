import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** After so many pictures in a row without a stamp, none is waited for any more. */
const patience = 10;

/**
 * The time stamps that `rpicam-vid --save-pts` writes, one line of milliseconds a picture, through a named pipe: a file
 * would grow for ever. They are the sensor's; what is measured at our end of stdout has the jitter of two processes.
 */
export class TimeStamps implements AsyncDisposable {
  readonly #socket: Socket;
  #text = '';
  /** By the number of the picture. */
  readonly #stamps = new Map<number, number>();
  #received = 0;
  #misses = 0;
  #onStamp: (() => void) | undefined;

  private constructor(
    private readonly directory: string,
    /** What the program is told to write to. */
    readonly path: string,
  ) {
    // Open for both, or it would be at its end whenever nobody writes; and without waiting for somebody who does.
    this.#socket = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
    this.#socket.setEncoding('latin1').on('data', (text: string) => this.#take(text));
    this.#socket.on('error', () => {}); // pictures then have the times of their arrival
  }

  /** Undefined where no named pipe can be made. */
  static async open(): Promise<TimeStamps | undefined> {
    let directory: string | undefined;
    try {
      directory = await mkdtemp(join(tmpdir(), 'minspnet-'));
      const path = join(directory, 'pts');
      await promisify(execFile)('mkfifo', ['-m', '600', path], { timeout: 2000 });
      return new TimeStamps(directory, path);
    } catch {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
      return undefined;
    }
  }

  /**
   * The stamp of a picture, milliseconds; undefined where it doesn't come in time.
   *
   * @param picture its number from 0; never lower than the one before
   */
  async of(picture: number, timeoutMs: number): Promise<number | undefined> {
    for (const number of this.#stamps.keys()) if (number < picture) this.#stamps.delete(number);
    if (!this.#stamps.has(picture) && this.#misses < patience) {
      await this.#stampOrTimeout(picture, timeoutMs);
      this.#misses = this.#stamps.has(picture) ? 0 : this.#misses + 1;
    }
    return this.#stamps.get(picture);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await rm(this.directory, { recursive: true, force: true });
  }

  #stampOrTimeout(picture: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#onStamp = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#onStamp = () => {
        if (this.#stamps.has(picture)) done();
      };
    });
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (!/^\d+(?:\.\d+)?$/.test(line)) continue; // "# timecode format v2" comes first
      this.#stamps.set(this.#received, Number(line));
      this.#received += 1;
    }
    this.#onStamp?.();
  }
}
