import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { SourceError } from '../../contract/errors.js';
import { monotonicMs } from './monotonic.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import type { LibcameraSource as Description } from './source.js';

/** `libcamera-vid` is the name on Raspberry Pi OS before Bookworm. */
const programs = ['rpicam-vid', 'libcamera-vid'];

/**
 * Width and height are multiples of 64 and 2, so that libcamera's rows have no padding and a picture is exactly
 * width × height × 1.5 bytes.
 */
const size = { width: 1280, height: 720 };
const fps = 30;
const pictureBytes = (size.width * size.height * 3) / 2;

/**
 * A CSI camera of a Raspberry Pi: raw YUV 4:2:0 from `rpicam-vid`'s stdout, cut into pictures.
 * We spawn it ourselves because node-libcamera runs it with `exec`, which keeps the whole output in memory.
 */
export class LibcameraSource implements PictureSource {
  readonly decodeErrors = 0;
  #process: ChildProcessByStdio<null, Readable, Readable> | undefined;
  #stderr = '';
  #closed: Promise<unknown> = Promise.resolve();
  #frame: Frame | undefined;
  #firstAt: number | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  /** Read from stdout, and not yet a part of a picture. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly source: Description) {}

  async open(): Promise<SourceFacts> {
    for (const program of programs) {
      try {
        this.#process = await this.#spawn(program);
        this.#chunks = this.#process.stdout[Symbol.asyncIterator]();
        return { ...size, fps, by: program };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    throw new SourceError(
      'ERR_SOURCE_LIBCAMERA',
      'source',
      `libcamera: neither ${programs.join(' nor ')} is installed. Install the package rpicam-apps-lite.`,
    );
  }

  async next(): Promise<Picture | undefined> {
    const bytes = Buffer.allocUnsafe(pictureBytes);
    for (let filled = 0; filled < pictureBytes; ) {
      if (this.#rest.length === 0) this.#rest = await this.#read(filled);
      const taken = this.#rest.copy(bytes, filled);
      this.#rest = this.#rest.subarray(taken);
      filled += taken;
    }
    const now = monotonicMs();
    this.#firstAt ??= now;
    this.#frame?.free();
    this.#frame = Frame.fromVideoBuffer(bytes, {
      ...size,
      format: AV_PIX_FMT_YUV420P,
      timeBase: { num: 1, den: 1000 },
    });
    return { frame: this.#frame, mediaMs: now - this.#firstAt };
  }

  interrupt(): void {
    this.#process?.kill('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame?.free();
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), 1000);
    await exited;
    clearTimeout(impatient);
  }

  async #spawn(program: string): Promise<ChildProcessByStdio<null, Readable, Readable>> {
    const options = {
      '--camera': this.source.camera,
      '--codec': 'yuv420',
      '--width': size.width,
      '--height': size.height,
      '--framerate': fps,
      '--timeout': 0,
      '--output': '-',
    };
    const args = ['--nopreview', ...Object.entries(options).flatMap(([name, value]) => [name, String(value)])];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000); // the end is where it says why it gave up
    });
    await once(child, 'spawn');
    this.#closed = once(child, 'close');
    return child;
  }

  /** @param filled bytes of the present picture that are there already */
  async #read(filled: number): Promise<Buffer> {
    const chunk = await this.#chunks?.next();
    if (chunk !== undefined && !chunk.done) return chunk.value;
    await Promise.race([this.#closed, sleep(500)]); // until then stderr may still say why
    throw this.#ended(filled);
  }

  #ended(partial: number): SourceError {
    const said = this.#stderr.trim().split('\n').at(-1) ?? '';
    return new SourceError(
      'ERR_SOURCE_READ',
      'source',
      `libcamera:${this.source.camera} stopped sending${partial > 0 ? ' within a picture' : ''}: ${said || 'no reason given'}. ` +
        'Check the cable, and that no other program holds the camera.',
    );
  }
}
