// node-av is FFmpeg in this process: no ffmpeg command to install, no pipe to copy frames through. Its low-level half
// is used here because its synchronous calls cost a tenth of the asynchronous ones for a file (0.015 ms a packet).
import { AV_LOG_QUIET, AVERROR_EAGAIN, AVERROR_EOF, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  InputFormat,
  Log,
  Packet,
  Rational,
  type Stream,
} from 'node-av/lib';
import { SourceError } from '../../contract/errors.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import type { FfmpegSource as Description } from './source.js';

/** A file, a network stream or a V4L2 device, demuxed and decoded by FFmpeg on the calling thread. */
export class FfmpegSource implements PictureSource {
  decodeErrors = 0;
  readonly #input = new FormatContext();
  readonly #codec = new CodecContext();
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  #stream: Stream | undefined;
  #timeBase = new Rational(1, 1000);
  #firstPts: bigint | undefined;
  #pictures = 0;
  #draining = false;

  constructor(private readonly source: Description) {}

  async open(): Promise<SourceFacts> {
    Log.setLevel(AV_LOG_QUIET); // what goes wrong is said in our own errors; FFmpeg would write to stderr as well
    const { url, format, options, live } = this.source;
    this.#input.allocContext(); // or interrupt() would have nothing to interrupt until it is open, and no effect after
    const inputFormat = format === undefined ? null : InputFormat.findInputFormat(format);
    this.#check(await this.#input.openInput(url, inputFormat, Dictionary.fromObject(options)), 'can’t be opened');
    this.#check(await this.#input.findStreamInfo(null), 'holds no readable stream');
    const index = this.#input.findBestStream(AVMEDIA_TYPE_VIDEO);
    const stream = this.#input.streams[index];
    if (index < 0 || stream === undefined) throw this.#error('ERR_SOURCE_NO_VIDEO', 'holds no video');
    const decoder = Codec.findDecoder(stream.codecpar.codecId);
    if (decoder === null) throw this.#error('ERR_SOURCE_CODEC', 'is of a codec that this FFmpeg can’t decode');
    this.#codec.allocContext3(decoder);
    this.#check(this.#codec.parametersToContext(stream.codecpar), 'has parameters that its decoder refuses');
    // One thread: frame threads would delay each picture by one frame time a thread, and the other cores have work.
    this.#codec.threadCount = 1;
    this.#check(await this.#codec.open2(decoder, null), 'has parameters that its decoder refuses');
    this.#packet.alloc();
    this.#frame.alloc();
    this.#stream = stream;
    this.#timeBase = stream.timeBase;
    const { num, den } = stream.avgFrameRate;
    const { width, height } = stream.codecpar;
    const by = `${this.#input.iformat?.name?.split(',')[0]}/${decoder.name}${live ? ', live' : ''}`;
    const frames = Number(stream.nbFrames) || (isPicture(this.#input.iformat?.name) ? 1 : undefined);
    return { width, height, fps: den === 0 ? 0 : num / den, by, ...(frames !== undefined && { frames }) };
  }

  async next(): Promise<Picture | undefined> {
    this.#frame.unref();
    for (;;) {
      const code = this.#codec.receiveFrameSync(this.#frame);
      if (code >= 0) return this.#picture();
      if (this.#draining) return this.#end();
      if (code !== AVERROR_EAGAIN) this.decodeErrors += 1;
      const packet = await this.#readPacket();
      if (packet === null) this.#draining = true;
      if (this.#codec.sendPacketSync(packet) < 0) this.decodeErrors += 1;
      this.#packet.unref();
    }
  }

  interrupt(): void {
    this.#input.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame.free();
    this.#packet.free();
    this.#codec.freeContext();
    await this.#input.closeInput();
  }

  /** The next packet of our stream, or null at the end. */
  async #readPacket(): Promise<Packet | null> {
    for (;;) {
      const code = this.source.live
        ? await this.#input.readFrame(this.#packet)
        : this.#input.readFrameSync(this.#packet);
      if (code === AVERROR_EOF) return null;
      if (code === AVERROR_EAGAIN) continue;
      if (code < 0) {
        if (this.source.live) throw this.#error('ERR_SOURCE_READ', `broke off: ${FFmpegError.strerror(code)}`);
        this.decodeErrors += 1; // a damaged file ends where it can no longer be read
        return null;
      }
      if (this.#packet.streamIndex === this.#stream?.index) return this.#packet;
      this.#packet.unref();
    }
  }

  #picture(): Picture {
    const pts = this.#frame.bestEffortTimestamp;
    this.#firstPts ??= pts;
    this.#pictures += 1;
    this.#frame.timeBase = this.#timeBase; // FFmpeg's filters refuse a frame without
    const { num, den } = this.#timeBase;
    return { frame: this.#frame, mediaMs: (Number(pts - this.#firstPts) * 1000 * num) / den };
  }

  #end(): undefined {
    if (this.#pictures === 0) throw this.#error('ERR_SOURCE_NO_FRAMES', 'opened, but no picture in it can be decoded');
    const stated = Number(this.#stream?.nbFrames ?? 0);
    // Containers count a few pictures that players don't show; a file that was cut off lacks more than that.
    if (this.#pictures < stated * 0.99 - 2) {
      throw this.#error('ERR_SOURCE_TRUNCATED', `ended after ${this.#pictures} of its ${stated} pictures`);
    }
    return undefined;
  }

  #check(code: number, what: string): void {
    const error = code < 0 ? FFmpegError.fromCode(code) : null;
    if (error === null) return;
    if (error.isENOENT) throw this.#error('ERR_SOURCE_MISSING', 'does not exist', error, 'input');
    if (error.isEACCES) throw this.#error('ERR_SOURCE_ACCESS', 'may not be read by this user', error, 'input');
    throw this.#error('ERR_SOURCE_OPEN', `${what}: ${error.message}`, error);
  }

  #error(code: string, what: string, cause?: unknown, exit: 'source' | 'input' = 'source'): SourceError {
    const advice = this.source.live ? 'Check the address and that the camera is on.' : 'Check that the file is whole.';
    return new SourceError(code, exit, `source ${withoutCredentials(this.source.url)} ${what}. ${advice}`, { cause });
  }
}

/** FFmpeg's demuxers for single pictures: image2 by the file's name, the others by its first bytes. */
function isPicture(demuxer: string | null | undefined): boolean {
  return demuxer === 'image2' || /^(jpeg|png|webp|bmp)_pipe$/.test(demuxer ?? '');
}

/** A camera's URL often carries its password; no message may. */
function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//***@');
}
