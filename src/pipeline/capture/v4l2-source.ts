import { SourceError } from '../../contract/errors.js';
import { FfmpegSource } from './ffmpeg-source.js';
import type { Size } from './input-size.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import type { V4l2Source as Description } from './source.js';
import { sourceError } from './source-error.js';

/** The formats of cameras, by FFmpeg's names. */
const formats = { mjpeg: 'mjpeg', yuyv: 'yuyv422', h264: 'h264' } as const;
type Format = keyof typeof formats | 'any';

/** USB 2 carries uncompressed pictures up to this size at 30 a second; they cost no decoding. */
const uncompressedSize = { width: 640, height: 480 };
const usualSize = { width: 1280, height: 720 };
const usualFps = 30;

/**
 * A camera that speaks V4L2. The driver is the one who knows what it has, and it answers a request with its nearest, so
 * formats are tried in the order of their cost until one has the size and the rate that were asked for.
 */
export class V4l2Source implements PictureSource {
  #opened: PictureSource | undefined;
  #interrupted = false;
  readonly #asked: Size & { fps: number };

  constructor(
    private readonly source: Description,
    /** Opens the device with one format; another one in tests. */
    private readonly create = (options: Record<string, string>): PictureSource =>
      new FfmpegSource({
        kind: 'ffmpeg',
        url: source.device,
        format: 'v4l2',
        options,
        live: true,
        decoder: source.decoder,
      }),
  ) {
    this.#asked = { ...(source.size ?? usualSize), fps: source.fps ?? usualFps };
  }

  get decodeErrors(): number {
    return this.#opened?.decodeErrors ?? 0;
  }

  get clockJumps(): number {
    return this.#opened?.clockJumps ?? 0;
  }

  async open(): Promise<SourceFacts> {
    let best: { format: Format; facts: SourceFacts } | undefined;
    const refused: string[] = [];
    for (const format of this.#order()) {
      const facts = await this.#try(format);
      if (facts === undefined) refused.push(format);
      else if (this.#distance(facts) === 0) return this.#facts(facts, format);
      else if (best === undefined || this.#distance(facts) < this.#distance(best.facts)) best = { format, facts };
      if (facts !== undefined) await this.#close();
    }
    const facts = best && (await this.#try(best.format));
    if (best !== undefined && facts !== undefined) return this.#facts(facts, best.format);
    const what = `v4l2:${this.source.device} has none of the formats ${refused.join(', ')}`;
    const advice = 'lists its formats; v4l2.format: auto takes what there is';
    throw sourceError('ERR_SOURCE_FORMAT', 'source', `${what}. \`minspnet cameras\` ${advice}.`);
  }

  async next(): Promise<Picture | undefined> {
    return this.#opened?.next();
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#opened?.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #order(): Format[] {
    if (this.source.format !== 'auto') return [this.source.format];
    const { width, height } = this.#asked;
    const small = width * height <= uncompressedSize.width * uncompressedSize.height;
    return small ? ['yuyv', 'mjpeg', 'h264', 'any'] : ['mjpeg', 'h264', 'yuyv', 'any'];
  }

  /** @returns what the camera gives, or undefined if it has no such format */
  async #try(format: Format): Promise<SourceFacts | undefined> {
    const { width, height, fps } = this.#asked;
    const options = {
      ...(format !== 'any' && { input_format: formats[format] }),
      video_size: `${width}x${height}`,
      framerate: String(fps),
    };
    this.#opened = this.create(options);
    if (this.#interrupted) this.#opened.interrupt();
    try {
      return await this.#opened.open();
    } catch (error) {
      await this.#close();
      if (error instanceof SourceError && error.code === 'ERR_SOURCE_FORMAT') return undefined;
      throw error;
    }
  }

  /** 0 where everything is as it was asked for; a wrong size weighs more than a low rate. */
  #distance({ width, height, fps }: SourceFacts): number {
    const asked = this.#asked;
    const size = Math.abs(Math.log(width / asked.width)) + Math.abs(Math.log(height / asked.height));
    const slow = fps > 0 && fps < asked.fps * 0.95 ? Math.log(asked.fps / fps) : 0;
    return 4 * size + slow;
  }

  #facts(facts: SourceFacts, format: Format): SourceFacts {
    const by = format === 'any' ? facts.by : `${facts.by}, ${format}`; // uncompressed formats are one decoder
    if (this.#distance(facts) === 0) return { ...facts, by };
    const { width, height, fps } = this.#asked;
    const note = `asked for ${width}x${height} at ${fps} fps, this is the nearest that the camera has`;
    return { ...facts, by, notes: [...(facts.notes ?? []), note] };
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined; // it must not be interrupted once it is closed
    await opened?.[Symbol.asyncDispose]();
  }
}
