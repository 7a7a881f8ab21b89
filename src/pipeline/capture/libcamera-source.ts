import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AV_PIX_FMT_YUVJ420P, AVCOL_RANGE_JPEG, AVCOL_SPC_BT470BG } from 'node-av/constants';
import type { SourceError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import type { Size } from './input-size.js';
import { libcameraError, startLibcamera, videoArguments } from './libcamera.js';
import type { Picture, SourceFacts } from './picture-source.js';
import { ProcessSource } from './process-source.js';
import type { RawProcess } from './raw-process.js';
import type { LibcameraSource as Description } from './source.js';

/** How long is waited for the camera, milliseconds. */
export interface LibcameraPatience {
  /** To its first picture: it loads its tuning and measures the light. */
  firstPictureMs: number;
  /** For the stamp of a picture that is there; the first one tells whether there are stamps at all. */
  firstStampMs: number;
  stampMs: number;
}
const usualPatience: LibcameraPatience = { firstPictureMs: 15_000, firstStampMs: 500, stampMs: 50 };

/** These programs ask libcamera for sYCC with this codec: BT.601 in full range. */
const colours = { format: AV_PIX_FMT_YUVJ420P, colorSpace: AVCOL_SPC_BT470BG, colorRange: AVCOL_RANGE_JPEG };

/** A CSI camera of a Raspberry Pi: raw YUV 4:2:0 from `rpicam-vid`'s stdout, cut into pictures. */
export class LibcameraSource extends ProcessSource {
  #stamps: TimeStamps | undefined;
  #layout: PictureLayout | undefined;
  /** Of one picture. */
  #bytes: Buffer = Buffer.alloc(0);
  #pictures = 0;
  /** When the last picture came, on the monotonic clock, ms. */
  #arrivedAt = 0;

  constructor(
    private readonly source: Description,
    private readonly patience = usualPatience,
  ) {
    super();
  }

  /** Resolves once the first picture is on its way, so that a camera that is open is one that sends. */
  async open(): Promise<SourceFacts> {
    const { size: asked, fps } = this.source;
    this.#stamps = await TimeStamps.open();
    const size = await this.#startSending();
    const layout = unpaddedLayout(size) ?? (await this.#measure(size));
    this.#layout = layout;
    this.#bytes = Buffer.alloc(layout.bytes);
    const notes: string[] = [];
    if (size.width !== asked.width || size.height !== asked.height) {
      notes.push(`asked for ${asked.width}x${asked.height}, this camera gives ${size.width}x${size.height}`);
    }
    if (this.#stamps === undefined)
      notes.push(
        'no time stamps of the sensor: no pipe can be made for them (mkfifo, or the folder for temporary files)',
      );
    return { ...size, fps, by: this.process?.program ?? '', notes };
  }

  async next(): Promise<Picture | undefined> {
    const { width, height, stride, bytes } = this.#layout as PictureLayout;
    const filled = (await this.process?.fill(this.#bytes)) ?? 0;
    if (filled < bytes) throw await this.#ended(filled);
    const mediaMs = await this.#timeOf(this.#pictures, monotonicMs());
    this.#pictures += 1;
    return this.picture(mediaMs, this.#bytes, { ...colours, width, height, stride });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#stamps?.[Symbol.asyncDispose]();
  }

  /** @returns the size that the camera really gives, once it does */
  async #startSending(): Promise<Size> {
    const args = videoArguments(this.source, this.#stamps && { savePts: this.#stamps.path });
    const started = await this.#start(args);
    if (!(await started.comes(this.patience.firstPictureMs))) throw await this.#silent();
    return configuredSize(started.stderr) ?? this.source.size;
  }

  /** Takes one picture and counts its bytes: the padding of rows depends on the board. */
  async #measure(size: Size): Promise<PictureLayout> {
    await this.process?.[Symbol.asyncDispose]();
    const most = (size.width + 512) * size.height * 2;
    const one = await this.#start(videoArguments(this.source, { frames: 1 }));
    if (!(await one.comes(this.patience.firstPictureMs))) throw await this.#silent();
    const { length: bytes } = await one.all(most);
    await one[Symbol.asyncDispose]();
    const layout = layoutOf(size, bytes);
    if (layout === undefined) {
      const what = `pictures of ${size.width}x${size.height} have ${bytes} bytes, which no padding of rows explains`;
      throw libcameraError(this.source, 'LAYOUT', `${what}. Ask for a width that is a multiple of 128`);
    }
    await this.#stamps?.[Symbol.asyncDispose](); // theirs begin with the first program
    this.#stamps = await TimeStamps.open();
    await this.#startSending();
    return layout;
  }

  async #start(args: string[]): Promise<RawProcess> {
    return this.run(await startLibcamera(this.source, 'video', args));
  }

  /** Milliseconds since the first picture, by the sensor if its stamps come, else by our clock. */
  async #timeOf(picture: number, arrivedAt: number): Promise<number> {
    const { firstStampMs, stampMs } = this.patience;
    const stamp = await this.#stamps?.of(picture, picture === 0 ? firstStampMs : stampMs);
    const mediaMs = this.clock.at(stamp, arrivedAt - this.#arrivedAt);
    this.#arrivedAt = arrivedAt;
    return mediaMs;
  }

  async #silent(): Promise<SourceError> {
    const words = await this.process?.lastWords();
    return libcameraError(
      this.source,
      'OPEN',
      words ?? `no picture came within ${this.patience.firstPictureMs / 1000} s`,
    );
  }

  async #ended(partial: number): Promise<SourceError> {
    const words = (await this.process?.lastWords()) ?? 'no reason given';
    const where = partial > 0 ? ' within a picture' : '';
    return libcameraError(this.source, 'READ', `stopped sending${where}: ${words}`);
  }
}

/** libcamera logs `configuring streams: (0) 1280x720-YUV420/sYCC (1) …` with what it made of what it was asked for. */
function configuredSize(log: string): Size | undefined {
  const found = [...log.matchAll(/configuring streams: \(0\) (\d+)x(\d+)-YUV420/g)].at(-1);
  return found && { width: Number(found[1]), height: Number(found[2]) };
}

/** How a raw YUV 4:2:0 picture lies in the bytes that a camera's driver gives out. */
export interface PictureLayout extends Size {
  /** Bytes from one row of luma to the next; half as many for chroma. */
  stride: number;
  /** Of a whole picture. */
  bytes: number;
}

/**
 * Every driver of a Raspberry Pi aligns its rows to this or to a divisor of it (64 bytes on the ISPs of the Pi 4 and the
 * Pi 5), so a width that is a multiple of it has no padding.
 */
const largestAlignment = 128;

/** The layout if it is known without looking; undefined if rows may be padded. */
export function unpaddedLayout({ width, height }: Size): PictureLayout | undefined {
  if (width % largestAlignment !== 0) return undefined;
  return { width, height, stride: width, bytes: (width * height * 3) / 2 };
}

/** The layout of a picture that was found to have so many bytes; undefined where no padding of rows explains them. */
export function layoutOf({ width, height }: Size, bytes: number): PictureLayout | undefined {
  const stride = (bytes * 2) / (height * 3);
  const explains = Number.isInteger(stride) && stride % 2 === 0 && stride >= width && stride < width + largestAlignment;
  return explains ? { width, height, stride, bytes } : undefined;
}

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
   * The stamp of a picture, milliseconds; undefined if it doesn't come in time.
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
