// node-av is FFmpeg in this process: no ffmpeg command to install, no pipe to copy frames through. Its low-level half
// is used here because its synchronous calls cost a tenth of the asynchronous ones for a file (0.015 ms a packet).

import { AV_NOPTS_VALUE, AVERROR_EAGAIN } from 'node-av/constants';
import { type CodecContext, type FormatContext, Frame, Packet, type Rational } from 'node-av/lib';
import { monotonicMs } from '../../timing/monotonic.js';
import { decodersFor, openDecoder } from './decoder.js';
import { FfmpegInput, type ReadBytes } from './ffmpeg-input.js';
import { MediaClock } from './media-clock.js';
import { isOnItsSide, Uprighter } from './orientation.js';
import type { PacketRing } from './packet-ring.js';
import { LazyPicture, type Picture, type PictureSource, type SourceFacts } from './picture-source.js';
import type { FfmpegSource as Description } from './source.js';

/** A hardware decoder that has given no picture after so many packets, or so long, gives none. */
const patience = { packets: 90, ms: 5000 };
/** Pictures a second where nothing says it, as FFmpeg takes it for elementary streams. */
const usualFps = 25;
/** No picture of a file is shown for longer than this, whatever the file says, ms. */
const mostShownMs = 10_000;

/** A file, a network stream or a V4L2 device, demuxed and decoded by FFmpeg on the calling thread. */
export class FfmpegSource implements PictureSource {
  #decodeErrors = 0;
  readonly #input: FfmpegInput;
  #codec: CodecContext | undefined;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #clock = new MediaClock();
  readonly #uprighter = new Uprighter();
  #fps = usualFps;
  #pictures = 0;
  /** When the last picture's time is over, in the stream's unit of time. */
  #endPts: bigint | undefined;
  /** When it came, on the monotonic clock; for how long it is shown. Milliseconds. */
  #arrivedAt = 0;
  #shownMs = 0;
  #draining = false;
  /** `#frame` holds the first picture already. */
  #primed = false;
  /** A call that is under way: what FFmpeg works on must not be freed. */
  #busy: Promise<unknown> | undefined;
  #disposed = false;

  /**
   * @param context what FFmpeg reads from; another one in tests
   * @param read gives FFmpeg the bytes, so that it opens no address by itself
   * @param ring is given every packet as it comes
   */
  constructor(
    private readonly source: Description,
    context?: FormatContext,
    read?: ReadBytes,
    private readonly ring?: PacketRing,
  ) {
    this.#input = new FfmpegInput(source, context, read);
  }

  get decodeErrors(): number {
    return this.#decodeErrors + this.#input.errors;
  }

  get clockJumps(): number {
    return this.#clock.jumps;
  }

  open(): Promise<SourceFacts> {
    return this.#during(this.#open());
  }

  next(): Promise<Picture | undefined> {
    return this.#during(this.#next());
  }

  interrupt(): void {
    if (!this.#disposed) this.#input.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#busy !== undefined) {
      this.interrupt();
      await this.#busy.catch(() => {}); // whoever called has that error
    }
    if (this.#disposed) return;
    this.#disposed = true;
    this.#uprighter[Symbol.dispose]();
    this.#frame.free();
    this.#packet.free();
    this.#codec?.freeContext();
    this.#codec = undefined;
    await this.#input.close();
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
    const input = this.#input;
    await input.open();
    if (!input.isPicture) this.ring?.begin(input.stream);
    this.#packet.alloc();
    this.#frame.alloc();
    const { avgFrameRate, nbFrames, codecpar } = input.stream;
    const { decoder, notes } = await this.#openDecoder();
    let fps = avgFrameRate.den === 0 ? 0 : avgFrameRate.num / avgFrameRate.den;
    this.#fps = fps || usualFps;
    // What a file states of its pictures is not always what is in it, and how they lie is known of a picture only.
    if (!this.source.live && !this.#primed) this.#primed = await this.#decode();
    // An elementary stream's rate is FFmpeg's guess, unless its pictures say it.
    const { bestEffortTimestamp, duration } = this.#frame;
    if (this.#primed && bestEffortTimestamp === AV_NOPTS_VALUE && duration > 0n) {
      fps = 1000 / toMs(duration, input.stream.timeBase);
    }
    const { width, height } = this.#primed ? upright(this.#frame) : codecpar;
    const frames = Number(nbFrames) || (input.isPicture ? 1 : undefined);
    const by = `${input.demuxer}/${decoder}${input.choice}${this.source.live ? ', live' : ''}`;
    return { width, height, fps, by, notes: [...input.notes, ...notes], ...(frames !== undefined && { frames }) };
  }

  async #next(): Promise<Picture | undefined> {
    if (this.#primed) this.#primed = false;
    else if (!(await this.#decode())) return this.#end();
    return this.#picture();
  }

  /** Opens the first decoder that works; what was tried in vain is said in the notes. */
  async #openDecoder(): Promise<{ decoder: string; notes: string[] }> {
    const { stream, isPicture } = this.#input;
    const decoders = decodersFor(stream, this.source.decoder);
    const software = decoders.at(-1);
    if (software === undefined)
      throw this.#input.error('ERR_SOURCE_CODEC', 'is of a codec that this FFmpeg can’t decode');
    const notes: string[] = [];
    if (decoders.length === 1 && !['auto', 'software'].includes(this.source.decoder)) {
      notes.push(`${this.source.decoder} can’t decode ${software.name}, so the CPU does`);
    }
    for (const candidate of decoders) {
      const opened = await openDecoder(candidate, stream, { strict: isPicture });
      let failure = 'failure' in opened ? opened.failure : undefined;
      if ('context' in opened) {
        this.#codec = opened.context;
        if (candidate === software || (await this.#givesPictures())) return { decoder: `${candidate.name}`, notes };
        opened.context.freeContext();
        this.#codec = undefined;
        failure = `${candidate.name} gives no pictures`;
      }
      if (candidate === software)
        throw this.#input.error('ERR_SOURCE_CODEC', `has parameters that its decoder refuses: ${failure}`);
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
      if (code !== AVERROR_EAGAIN) this.#decodeErrors += 1;
      this.#draining = !(await this.#input.read(this.#packet));
      if (!this.#draining) this.ring?.add(this.#packet, monotonicMs());
      // An empty packet is a picture that the camera left out; to a decoder it would mean the end.
      const isEmpty = !this.#draining && this.#packet.size === 0;
      if (!isEmpty && codec.sendPacketSync(this.#draining ? null : this.#packet) < 0) this.#decodeErrors += 1;
      this.#packet.unref();
    }
  }

  #picture(): Picture {
    const { timeBase } = this.#input.stream;
    const frame = this.#frame;
    const { bestEffortTimestamp: pts, duration } = frame;
    const stampMs = pts === AV_NOPTS_VALUE ? undefined : toMs(pts, timeBase); // the first one over RTSP has none
    const now = monotonicMs();
    const mediaMs = this.#clock.at(stampMs, this.source.live ? now - this.#arrivedAt : this.#shownMs);
    this.#arrivedAt = now;
    this.#shownMs = Math.min(toMs(duration, timeBase) || 1000 / this.#fps, mostShownMs);
    if (stampMs !== undefined) this.#endPts = pts + duration;
    this.#pictures += 1;
    frame.timeBase = timeBase; // FFmpeg's filters refuse a frame without
    return new LazyPicture(mediaMs, () => this.#uprighter.turn(frame));
  }

  #end(): undefined {
    if (this.#pictures === 0) {
      const what = this.#input.isPicture
        ? 'is a picture that is damaged or cut off, or none at all'
        : 'opened, but no picture in it can be decoded';
      throw this.#input.error('ERR_SOURCE_NO_FRAMES', what);
    }
    if (this.#isCutOff()) {
      const { packets, stream } = this.#input;
      throw this.#input.error('ERR_SOURCE_TRUNCATED', `ended after ${packets} of its ${stream.nbFrames} pictures`);
    }
    return undefined;
  }

  /**
   * Whether a file states more pictures, and more time, than it has. Containers count a few pictures that players don't
   * show, and a list of edits (a clip that was trimmed without being encoded anew) shows a part of the pictures only.
   */
  #isCutOff(): boolean {
    const { packets, stream } = this.#input;
    const lacks = (there: number, stated: number) => there < stated * 0.99 - 2;
    if (!lacks(packets, Number(stream.nbFrames))) return false;
    if (this.#endPts === undefined || stream.duration <= 0n) return true;
    const first = stream.startTime === AV_NOPTS_VALUE ? 0n : stream.startTime;
    const perPicture = stream.timeBase.den / stream.timeBase.num / this.#fps;
    return lacks(Number(this.#endPts - first) / perPicture, Number(stream.duration) / perPicture);
  }
}

function toMs(time: bigint, { num, den }: Rational): number {
  return (Number(time) * 1000 * num) / den;
}

/** The size of a picture as it is shown. */
function upright(frame: Frame) {
  const { width, height } = frame;
  return isOnItsSide(frame) ? { width: height, height: width } : { width, height };
}
