import { AV_PIX_FMT_YUVJ420P } from 'node-av/constants';
import type { SourceError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import type { Size } from './input-size.js';
import { videoArguments } from './libcamera-arguments.js';
import { libcameraError } from './libcamera-error.js';
import { startLibcamera } from './libcamera-process.js';
import { layoutOf, type PictureLayout, unpaddedLayout } from './picture-layout.js';
import type { Picture, SourceFacts } from './picture-source.js';
import { ProcessSource } from './process-source.js';
import type { RawProcess } from './raw-process.js';
import type { LibcameraSource as Description } from './source.js';
import { TimeStamps } from './time-stamps.js';

/** How long is waited for the camera, milliseconds. */
export interface LibcameraPatience {
  /** To its first picture: it loads its tuning and measures the light. */
  firstPictureMs: number;
  /** For the stamp of a picture that is there; the first one tells whether there are stamps at all. */
  firstStampMs: number;
  stampMs: number;
}
const usualPatience: LibcameraPatience = { firstPictureMs: 15_000, firstStampMs: 500, stampMs: 50 };

/** A CSI camera of a Raspberry Pi: raw YUV 4:2:0 from `rpicam-vid`'s stdout, cut into pictures. */
export class LibcameraSource extends ProcessSource {
  #stamps: TimeStamps | undefined;
  #layout: PictureLayout | undefined;
  /** Of one picture. */
  #bytes: Buffer = Buffer.alloc(0);
  #pictures = 0;
  #firstAt = 0;
  /** The stamp of the first picture: they begin anywhere. */
  #firstStamp: number | undefined;
  #lastMs = 0;

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
    // These programs ask for full-range colours with this codec.
    const frame = this.show(this.#bytes, { width: stride, height, format: AV_PIX_FMT_YUVJ420P });
    frame.width = width; // what pads the rows stays out of the picture
    return { frame, mediaMs };
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

  /** Takes one picture and counts its bytes, where rows may be padded: how much depends on the board. */
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

  /** Milliseconds since the first picture, by the sensor where its stamps come, else by our clock. */
  async #timeOf(picture: number, arrivedAt: number): Promise<number> {
    if (picture === 0) this.#firstAt = arrivedAt;
    const { firstStampMs, stampMs } = this.patience;
    const stamp = await this.#stamps?.of(picture, picture === 0 ? firstStampMs : stampMs);
    if (picture === 0) this.#firstStamp = stamp;
    const ms =
      stamp !== undefined && this.#firstStamp !== undefined ? stamp - this.#firstStamp : arrivedAt - this.#firstAt;
    this.#lastMs = Math.max(this.#lastMs, ms);
    return this.#lastMs;
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
