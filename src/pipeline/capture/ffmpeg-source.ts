// node-av is FFmpeg in this process: no ffmpeg command to install, no pipe to copy frames through. Its low-level half
// is used here because its synchronous calls cost a tenth of the asynchronous ones for a file (0.015 ms a packet).

import { setTimeout as sleep } from 'node:timers/promises';
import {
  AV_LOG_QUIET,
  AV_NOPTS_VALUE,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVFMT_FLAG_NONBLOCK,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import {
  type CodecContext,
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
import type { SourceError } from '../../contract/errors.js';
import { decodersFor, openDecoder } from './decoder.js';
import { ffmpegError, shown } from './ffmpeg-error.js';
import { isNamedPipe } from './named-pipe.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import { resolveHost } from './resolve-host.js';
import type { FfmpegSource as Description } from './source.js';
import { sourceError } from './source-error.js';

/** A hardware decoder that has given no picture after so many packets, or so long, gives none. */
const patience = { packets: 90, ms: 5000 };
/** How often a device that has nothing yet is asked again, ms. */
const pollMs = 4;

/** A file, a network stream or a V4L2 device, demuxed and decoded by FFmpeg on the calling thread. */
export class FfmpegSource implements PictureSource {
  decodeErrors = 0;
  #codec: CodecContext | undefined;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  #stream: Stream | undefined;
  #codecId: Stream['codecpar']['codecId'] | undefined;
  #timeBase = new Rational(1, 1000);
  #firstPts: bigint | undefined;
  #mediaMs = 0;
  #pictures = 0;
  #draining = false;
  /** `#frame` holds the first picture already: a hardware decoder was tried out. */
  #primed = false;
  #interrupted = false;
  /** A call that is under way: what FFmpeg works on must not be freed. */
  #busy: Promise<unknown> | undefined;
  #disposed = false;

  constructor(
    private readonly source: Description,
    /** What FFmpeg reads from; another one in tests. */
    private readonly input = new FormatContext(),
  ) {}

  open(): Promise<SourceFacts> {
    return this.#during(this.#open());
  }

  next(): Promise<Picture | undefined> {
    return this.#during(this.#next());
  }

  interrupt(): void {
    this.#interrupted = true;
    if (!this.#disposed) this.input.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#busy !== undefined) {
      this.interrupt();
      await this.#busy.catch(() => {}); // whoever called has that error
    }
    if (this.#disposed) return;
    this.#disposed = true;
    this.#frame.free();
    this.#packet.free();
    this.#codec?.freeContext();
    this.#codec = undefined;
    await this.input.closeInput();
  }

  async #during<T>(work: Promise<T>): Promise<T> {
    this.#busy = work;
    try {
      return await work;
    } finally {
      this.#busy = undefined;
    }
  }

  async #open(): Promise<SourceFacts> {
    Log.setLevel(AV_LOG_QUIET); // what goes wrong is said in our own errors; FFmpeg would write to stderr as well
    if (!this.source.live && isNamedPipe(this.source.url)) throw this.#namedPipe();
    await resolveHost(this.source);
    await this.#inTime(() => this.#openInput());
    this.#packet.alloc();
    this.#frame.alloc();
    const { stream, choice } = this.#chooseStream();
    this.#stream = stream;
    this.#codecId = stream.codecpar.codecId;
    this.#timeBase = stream.timeBase;
    const { decoder, notes } = await this.#openDecoder(stream);
    const { num, den } = stream.avgFrameRate;
    const { width, height } = stream.codecpar;
    const demuxer = this.input.iformat?.name?.split(',')[0];
    const by = `${demuxer}/${decoder}${choice}${this.source.live ? ', live' : ''}`;
    const frames = Number(stream.nbFrames) || (this.#isPicture ? 1 : undefined);
    const fps = den === 0 ? 0 : num / den;
    return { width, height, fps, by, notes, ...(frames !== undefined && { frames }) };
  }

  async #next(): Promise<Picture | undefined> {
    if (this.#primed) this.#primed = false;
    else if (!(await this.#decode())) return this.#end();
    return this.#picture();
  }

  async #openInput(): Promise<void> {
    const { url, format, options, network } = this.source;
    const inputFormat = format === undefined ? null : InputFormat.findInputFormat(format);
    this.input.allocContext(); // or interrupt() would have nothing to interrupt until it is open, and no effect after
    // A read that waits inside the kernel can't be interrupted, so devices are asked again and again.
    if (this.#isDevice) this.input.setFlags(AVFMT_FLAG_NONBLOCK);
    this.#check(await this.input.openInput(url, inputFormat, Dictionary.fromObject(options)), 'can’t be opened');
    if (this.#isDevice) return; // the driver has told size and format, and finding out more would wait for pictures
    this.#check(
      await this.input.findStreamInfo(null),
      network ? 'sends no readable stream' : 'holds no readable stream',
    );
  }

  get #isDevice(): boolean {
    return this.source.live && this.source.network === undefined;
  }

  /** FFmpeg's demuxers for single pictures: image2 by the file's name, the others by its first bytes. */
  get #isPicture(): boolean {
    return /^(image2|(jpeg|png|webp|bmp)_pipe)$/.test(this.input.iformat?.name ?? '');
  }

  /** A camera that sends a little now and then would keep FFmpeg waiting for ever. */
  async #inTime(work: () => Promise<void>): Promise<void> {
    const { network } = this.source;
    let late = false;
    const timer =
      network &&
      setTimeout(() => {
        late = true;
        this.input.interrupt();
      }, network.timeoutMs);
    try {
      await work();
    } catch (error) {
      throw late ? ffmpegError(this.source, AVERROR_EXIT, '') : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The video that is meant: the best one, or what the settings say. */
  #chooseStream(): { stream: Stream; choice: string } {
    const wanted = this.source.stream;
    const videos = this.input.streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
    const bySize = videos.toSorted((a, b) => area(b) - area(a));
    const best = this.input.streams[this.input.findBestStream(AVMEDIA_TYPE_VIDEO)];
    const stream =
      wanted === undefined
        ? best
        : typeof wanted === 'number'
          ? videos[wanted]
          : bySize.at(wanted === 'largest' ? 0 : -1);
    if (stream !== undefined) {
      return { stream, choice: videos.length > 1 ? `, video ${videos.indexOf(stream)} of ${videos.length}` : '' };
    }
    if (videos.length === 0) throw this.#error('ERR_SOURCE_NO_VIDEO', 'holds no video');
    const sizes = videos.map(({ codecpar: { width, height } }, i) => `${i} (${width}x${height})`).join(', ');
    throw this.#error('ERR_SOURCE_NO_VIDEO', `has no video ${wanted}; it has ${sizes}`);
  }

  /** Opens the first decoder that works; what was tried in vain is said in the notes. */
  async #openDecoder(stream: Stream): Promise<{ decoder: string; notes: string[] }> {
    const decoders = decodersFor(stream, this.source.decoder);
    const software = decoders.at(-1);
    if (software === undefined) throw this.#error('ERR_SOURCE_CODEC', 'is of a codec that this FFmpeg can’t decode');
    const notes: string[] = [];
    if (decoders.length === 1 && !['auto', 'software'].includes(this.source.decoder)) {
      notes.push(`${this.source.decoder} can’t decode ${software.name}, so the CPU does`);
    }
    for (const candidate of decoders) {
      const opened = await openDecoder(candidate, stream, { strict: this.#isPicture });
      let failure = 'failure' in opened ? opened.failure : undefined;
      if ('context' in opened) {
        this.#codec = opened.context;
        if (candidate === software || (await this.#givesPictures())) return { decoder: `${candidate.name}`, notes };
        opened.context.freeContext();
        this.#codec = undefined;
        failure = `${candidate.name} gives no pictures`;
      }
      if (candidate === software)
        throw this.#error('ERR_SOURCE_CODEC', `has parameters that its decoder refuses: ${failure}`);
      notes.push(`${failure}, so the CPU decodes`);
    }
    throw new Error('unreachable');
  }

  /** Hardware decoders open and then do nothing when they don't like a stream, so they are tried out. */
  async #givesPictures(): Promise<boolean> {
    this.#primed = await this.#decode(patience);
    return this.#primed;
  }

  /**
   * Decodes the next picture into `#frame`.
   *
   * @param limit after which it is given up
   * @returns false at the end, or at the limit
   */
  async #decode(limit = { packets: Number.POSITIVE_INFINITY, ms: Number.POSITIVE_INFINITY }): Promise<boolean> {
    const codec = this.#codec as CodecContext;
    const until = performance.now() + limit.ms;
    this.#frame.unref();
    for (let packets = 0; ; packets += 1) {
      const code = codec.receiveFrameSync(this.#frame);
      if (code >= 0) return true;
      if (this.#draining || packets > limit.packets || performance.now() > until) return false;
      if (code !== AVERROR_EAGAIN) this.decodeErrors += 1;
      const packet = await this.#readPacket();
      if (packet === null) this.#draining = true;
      if (codec.sendPacketSync(packet) < 0) this.decodeErrors += 1;
      this.#packet.unref();
    }
  }

  /** The next packet of our stream, or null at the end. */
  async #readPacket(): Promise<Packet | null> {
    for (;;) {
      const code =
        this.source.live && !this.#isDevice
          ? await this.input.readFrame(this.#packet)
          : this.input.readFrameSync(this.#packet);
      if (code === AVERROR_EOF) return null;
      if (this.#interrupted) throw this.#error('ERR_SOURCE_READ', 'was interrupted');
      if (code === AVERROR_EAGAIN) {
        await sleep(pollMs);
        continue;
      }
      if (code < 0) {
        if (this.source.live) throw this.#brokenOff(code);
        this.decodeErrors += 1; // a damaged file ends where it can no longer be read
        return null;
      }
      if (this.#packet.streamIndex === this.#stream?.index) {
        if (this.#stream.codecpar.codecId !== this.#codecId) throw this.#changed();
        return this.#packet;
      }
      this.#packet.unref();
    }
  }

  /** The decoder that is open would make a wrong picture now and then of what comes, and the camera seem to live. */
  #changed(): SourceError {
    const what = `source ${shown(this.source)} has changed its codec. It is opened anew.`;
    return sourceError('ERR_SOURCE_CHANGED', 'source', what);
  }

  #brokenOff(code: number): SourceError {
    const error = ffmpegError(this.source, code, 'broke off');
    if (error.code !== 'ERR_SOURCE_OPEN') return error;
    return this.#error('ERR_SOURCE_READ', `broke off: ${FFmpegError.strerror(code)}`);
  }

  #picture(): Picture {
    const pts = this.#frame.bestEffortTimestamp;
    this.#pictures += 1;
    this.#frame.timeBase = this.#timeBase; // FFmpeg's filters refuse a frame without
    if (pts !== AV_NOPTS_VALUE) {
      // The first picture over RTSP has no time stamp.
      this.#firstPts ??= pts;
      const { num, den } = this.#timeBase;
      this.#mediaMs = (Number(pts - this.#firstPts) * 1000 * num) / den;
    }
    return { frame: this.#frame, mediaMs: this.#mediaMs };
  }

  #end(): undefined {
    if (this.#pictures === 0) {
      const what = this.#isPicture
        ? 'is a picture that is damaged or cut off, or none at all'
        : 'opened, but no picture in it can be decoded';
      throw this.#error('ERR_SOURCE_NO_FRAMES', what);
    }
    const stated = Number(this.#stream?.nbFrames ?? 0);
    // Containers count a few pictures that players don't show; a file that was cut off lacks more than that.
    if (this.#pictures < stated * 0.99 - 2) {
      throw this.#error('ERR_SOURCE_TRUNCATED', `ended after ${this.#pictures} of its ${stated} pictures`);
    }
    return undefined;
  }

  /** Nobody could interrupt us where nobody writes to it. */
  #namedPipe(): SourceError {
    const what = `source ${shown(this.source)} is a named pipe, at which we could wait for ever`;
    const advice = 'Name a file, or /dev/stdin and let `cat` read the pipe: cat PIPE | minspnet detect /dev/stdin';
    return sourceError('ERR_SOURCE_OPEN', 'source', `${what}. ${advice}.`);
  }

  #check(code: number, doing: string): void {
    if (code < 0) throw ffmpegError(this.source, code, doing);
  }

  #error(code: string, what: string): SourceError {
    const advice = this.source.live ? 'Check the address and that the camera is on.' : 'Check that the file is whole.';
    return sourceError(code, 'source', `source ${shown(this.source)} ${what}. ${advice}`);
  }
}

function area({ codecpar: { width, height } }: Stream): number {
  return width * height;
}
