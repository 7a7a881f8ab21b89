import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { programError } from './source-error.js';

/** What GStreamer says after it has said why. */
const consequence = /^(?:Failed to set pipeline|ERROR: pipeline doesn't want to)/;
/** As much of standard error as is kept: the end is where a program says why it gave up. */
const keptStderr = 4000;

/**
 * A program that writes raw pictures to its standard output. What it writes is read only as fast as it is asked for, so
 * a pipe's 64 KiB are all that waits; its standard error is always read, however much comes.
 */
export class RawProcess implements AsyncDisposable {
  /** The end of what it wrote to standard error. */
  stderr = '';
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #closed: Promise<unknown>;
  /** Read from stdout, and not yet taken. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(
    readonly program: string,
    child: ChildProcessByStdio<null, Readable, Readable>,
  ) {
    this.#child = child;
    this.#closed = once(child, 'close').catch(() => undefined);
    this.#chunks = child.stdout[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-keptStderr);
    });
    child.on('error', () => {}); // a signal that could not be sent: it has ended already
  }

  /**
   * Starts the first of these programs that is installed; undefined if none is. No shell is in between.
   *
   * @throws {SourceError} if one is there and can't be started
   */
  static async start(programs: readonly string[], args: readonly string[]): Promise<RawProcess | undefined> {
    for (const program of programs) {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
      try {
        await once(child, 'spawn'); // without descriptors it has no streams before it fails
        return new RawProcess(program, child);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw programError(program, error);
      }
    }
    return undefined;
  }

  /** Fills the whole of `bytes`. @returns how many there were before the output ended: all of them, or fewer. */
  async fill(bytes: Buffer): Promise<number> {
    let filled = 0;
    while (filled < bytes.length && (await this.#more())) {
      const taken = this.#rest.copy(bytes, filled);
      this.#rest = this.#rest.subarray(taken);
      filled += taken;
    }
    return filled;
  }

  /** The next bytes, which stay where they are; fewer at the end of the output. */
  async peek(bytes: number): Promise<Buffer> {
    while ((await this.#more()) && this.#rest.length < bytes) {
      const first = this.#rest;
      this.#rest = Buffer.alloc(0);
      const more = await this.#more();
      this.#rest = Buffer.concat([first, this.#rest]);
      if (!more) break;
    }
    return this.#rest.subarray(0, bytes);
  }

  /** The text up to the next newline, without it; undefined if the output ends or `limit` bytes hold none. */
  async line(limit = 1024): Promise<string | undefined> {
    let text = Buffer.alloc(0);
    while (text.length < limit && (await this.#more())) {
      const end = this.#rest.indexOf(10);
      const taken = this.#rest.subarray(0, end < 0 ? this.#rest.length : end);
      text = Buffer.concat([text, taken]);
      this.#rest = this.#rest.subarray(end < 0 ? this.#rest.length : end + 1);
      if (end >= 0) return text.toString('latin1');
    }
    return undefined;
  }

  /** Whether anything comes within the time, and it is still there to be taken. */
  async comes(timeoutMs: number): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
    try {
      return await Promise.race([this.#more(), late]);
    } finally {
      timer.abort();
    }
  }

  /** All that comes until it ends; if that is more than `limit` bytes, the rest is not waited for. */
  async all(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    while (length <= limit && (await this.#more())) {
      chunks.push(this.#rest);
      length += this.#rest.length;
      this.#rest = this.#rest.subarray(this.#rest.length);
    }
    return Buffer.concat(chunks);
  }

  /** After its output has ended: what it said last that looks like a reason. */
  async lastWords(): Promise<string | undefined> {
    await Promise.race([this.#closed, sleep(500)]); // until then stderr may still say why
    const lines = this.stderr
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !consequence.test(line));
    return lines.findLast((line) => /error|fail|invalid|unrecogni[sz]ed/i.test(line)) ?? lines.at(-1);
  }

  /** Makes whatever waits for output see its end. */
  interrupt(): void {
    this.#child.kill('SIGTERM');
    this.#child.stdout.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    child.stdout.destroy();
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), 1000);
    await exited;
    clearTimeout(impatient);
  }

  /** Whether there is something in `#rest`, after waiting for it; false at the end of the output. */
  async #more(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    this.#reading ??= this.#chunks
      .next()
      .then(
        (chunk) => {
          if (chunk.done) return false;
          this.#rest = chunk.value;
          return true;
        },
        () => false, // it was interrupted
      )
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  /** A read that is under way: one that was not waited for to its end must not be lost. */
  #reading: Promise<boolean> | undefined;
}
