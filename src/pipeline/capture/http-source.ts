import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AV_CODEC_ID_MJPEG, AV_LOG_QUIET } from 'node-av/constants';
import { Codec, type CodecContext, Frame, Log, Packet, Rational } from 'node-av/lib';
import type { SourceError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { certificateNotes } from './certificate.js';
import { openDecoder } from './decoder.js';
import { resolveHost } from './ffmpeg-input.js';
import { FfmpegSource } from './ffmpeg-source.js';
import { HttpClient } from './http-client.js';
import { JpegSplitter } from './jpeg-splitter.js';
import { MediaClock } from './media-clock.js';
import { Uprighter } from './orientation.js';
import { LazyPicture, type Picture, type PictureSource, type SourceFacts } from './picture-source.js';
import { asFfmpegSource, type HttpSource as Description } from './source.js';
import { sourceError } from './source-error.js';

/** Pictures that can't be decoded are left out; after so many in a row the camera is given up. */
const mostDamaged = 50;
/** A little more often than pictures are wanted, or one that comes a millisecond early would be left out. */
const pollFactor = 1.1;
/** Until a camera that was too busy is asked again, ms. */
const busyMs = 250;

/**
 * A camera that is read over HTTP. What it answers tells what it is: JPEGs one after the other, as most cameras have
 * them; one JPEG, which is asked for again and again; or a stream that FFmpeg demuxes, such as MPEG-TS.
 */
export class HttpSource implements PictureSource {
  readonly #client: HttpClient;
  #source: PictureSource | undefined;
  #interrupted = false;

  constructor(private readonly source: Description) {
    this.#client = new HttpClient(source);
  }

  get decodeErrors(): number {
    return this.#source?.decodeErrors ?? 0;
  }

  get clockJumps(): number {
    return this.#source?.clockJumps ?? 0;
  }

  async open(): Promise<SourceFacts> {
    await resolveHost(this.source);
    const response = await this.#client.get();
    const body = new Body(response, this.#client);
    const first = await body.read();
    body.unread(first);
    const { headers } = response;
    const isPlaylist = first.toString('latin1', 0, 7) === '#EXTM3U';
    if (isJpeg(headers['content-type'] ?? '', first)) {
      this.#source = new JpegSource(this.source, this.#client, body, headers['content-type'] ?? '');
    } else if (isPlaylist || headers['content-length'] !== undefined) {
      response.destroy(); // a playlist, or a file to go back and forth in, is FFmpeg's to ask for
      this.#source = new FfmpegSource(asFfmpegSource(this.source));
    } else this.#source = new FfmpegSource(asFfmpegSource(this.source), undefined, (most) => body.read(most));
    if (this.#interrupted) this.interrupt();
    return this.#source.open();
  }

  async next(): Promise<Picture | undefined> {
    return this.#source?.next();
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#source?.interrupt();
    this.#client.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.interrupt();
    await this.#source?.[Symbol.asyncDispose]();
    this.#client[Symbol.dispose]();
  }
}

/** Whether an answer is JPEGs, by what it says and, since some cameras say nothing or nonsense, by how it begins. */
function isJpeg(contentType: string, first: Buffer): boolean {
  if (/^(?:multipart\/|image\/p?jpe?g)/i.test(contentType)) return true;
  return first.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) || /^\s*--/.test(first.toString('latin1', 0, 64));
}

/** The body of an answer, read as fast as it is asked for. */
class Body {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(
    response: IncomingMessage,
    private readonly client: HttpClient,
  ) {
    this.#chunks = response[Symbol.asyncIterator]();
  }

  /** The next bytes, at most so many; none at the end. @throws {SourceError} */
  async read(most = Number.POSITIVE_INFINITY): Promise<Buffer> {
    if (this.#rest.length === 0) {
      try {
        const chunk = await this.#chunks.next();
        if (chunk.done) return this.#rest;
        this.#rest = chunk.value;
      } catch (error) {
        throw this.client.error(error, 'ERR_SOURCE_READ');
      }
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** They come again with the next read. */
  unread(bytes: Buffer): void {
    this.#rest = Buffer.concat([bytes, this.#rest]);
  }
}

/** JPEGs, decoded by FFmpeg. They have no time stamps, so their times are those of their arrival. */
class JpegSource implements PictureSource {
  decodeErrors = 0;
  readonly clockJumps = 0;
  readonly #clock = new MediaClock();
  readonly #uprighter = new Uprighter();
  readonly #jpegs: AsyncGenerator<Buffer, undefined>;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #stopped = new AbortController();
  #codec: CodecContext | undefined;
  #first: Picture | undefined;
  #arrivedAt = 0;

  constructor(
    private readonly source: Description,
    private readonly client: HttpClient,
    body: Body,
    private readonly contentType: string,
  ) {
    this.#jpegs = this.#read(body);
  }

  async open(): Promise<SourceFacts> {
    Log.setLevel(AV_LOG_QUIET);
    this.#packet.alloc();
    this.#frame.alloc();
    const codec = Codec.findDecoder(AV_CODEC_ID_MJPEG);
    const decoder = codec && (await openDecoder(codec));
    if (decoder === null || 'failure' in decoder) throw new Error('this FFmpeg has no decoder for JPEG');
    this.#codec = decoder.context;
    this.#first = await this.#picture();
    if (this.#first === undefined) throw this.#error('ERR_SOURCE_NO_FRAMES', 'sends no JPEG that can be decoded');
    const { width, height } = this.#first.frame;
    const fps = this.#isStream ? 0 : this.source.fps;
    return {
      width,
      height,
      fps,
      by: `http/${this.#isStream ? 'mjpeg' : 'jpeg'}, live`,
      notes: certificateNotes(this.source),
    };
  }

  async next(): Promise<Picture | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#picture();
  }

  interrupt(): void {
    this.#stopped.abort();
    this.client.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.interrupt();
    await this.#jpegs.return(undefined).catch(() => {}); // whoever called next() has that error
    this.#uprighter[Symbol.dispose]();
    this.#frame.free();
    this.#packet.free();
    this.#codec?.freeContext();
    this.#codec = undefined;
  }

  get #isStream(): boolean {
    return /^multipart\//i.test(this.contentType) || !/^image\//i.test(this.contentType);
  }

  async #picture(): Promise<Picture | undefined> {
    for (let damaged = 0; damaged < mostDamaged; damaged += 1) {
      const jpeg = await this.#jpegs.next();
      if (jpeg.done) return undefined;
      const now = monotonicMs();
      if (!this.#decode(jpeg.value)) {
        this.decodeErrors += 1;
        continue;
      }
      const mediaMs = this.#clock.at(undefined, now - this.#arrivedAt);
      this.#arrivedAt = now;
      return new LazyPicture(mediaMs, () => this.#uprighter.turn(this.#frame));
    }
    throw this.#error('ERR_SOURCE_NO_FRAMES', `sent ${mostDamaged} damaged pictures in a row`);
  }

  #decode(jpeg: Buffer): boolean {
    this.#frame.unref();
    this.#packet.data = jpeg;
    const isSent = (this.#codec?.sendPacketSync(this.#packet) ?? -1) >= 0;
    this.#packet.unref();
    const isDecoded = isSent && (this.#codec?.receiveFrameSync(this.#frame) ?? -1) >= 0;
    if (isDecoded) this.#frame.timeBase = new Rational(1, 1000);
    return isDecoded;
  }

  /** All JPEGs of the answer, and of those that follow it if one answer is one picture. */
  async *#read(first: Body): AsyncGenerator<Buffer, undefined> {
    for (let body = first; ; ) {
      const askedAt = monotonicMs();
      const splitter = new JpegSplitter();
      let pictures = 0;
      for (let bytes = await body.read(); bytes.length > 0; bytes = await body.read()) {
        const damagedBefore = splitter.damaged;
        for (const jpeg of this.#split(splitter, bytes)) {
          pictures += 1;
          yield jpeg;
        }
        this.decodeErrors += splitter.damaged - damagedBefore;
      }
      const last = splitter.end();
      if (last !== undefined) yield last;
      if (this.#isStream) return undefined;
      if (pictures === 0 && last === undefined) throw this.#error('ERR_SOURCE_NO_FRAMES', 'sends no JPEG');
      body = await this.#again(askedAt);
    }
  }

  #split(splitter: JpegSplitter, bytes: Buffer): Buffer[] {
    try {
      return splitter.push(bytes);
    } catch {
      throw this.#error('ERR_SOURCE_NO_FRAMES', 'sends something else than JPEGs');
    }
  }

  /** Asks for the next picture when it is due; a camera that is too busy to answer is asked again for a while. */
  async #again(askedAt: number): Promise<Body> {
    const periodMs = 1000 / (this.source.fps * pollFactor);
    for (;;) {
      const untilDue = askedAt + periodMs - monotonicMs();
      await sleep(Math.max(0, untilDue), undefined, { signal: this.#stopped.signal }).catch(() => {});
      try {
        return new Body(await this.client.get(), this.client);
      } catch (error) {
        const isBusy = (error as SourceError).code === 'ERR_SOURCE_OPEN';
        if (!isBusy || this.#stopped.signal.aborted || monotonicMs() - askedAt > this.source.network.timeoutMs)
          throw error;
        this.decodeErrors += 1;
        await sleep(busyMs);
      }
    }
  }

  #error(code: string, what: string): SourceError {
    const advice = 'Check the address and that the camera is on';
    return sourceError(code, 'source', `source ${this.source.url} ${what}. ${advice}.`);
  }
}
