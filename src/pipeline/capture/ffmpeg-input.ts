import { lookup } from 'node:dns/promises';
import { realpathSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AV_LOG_QUIET,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVFMT_FLAG_NONBLOCK,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import {
  Dictionary,
  FFmpegError,
  FormatContext,
  InputFormat,
  IOContext,
  Log,
  type Packet,
  type Stream,
} from 'node-av/lib';
import type { SourceError } from '../../contract/errors.js';
import { certificateNotes, certificateProblem } from './certificate.js';
import { RtspRelay } from './rtsp-relay.js';
import type { FfmpegSource as Description } from './source.js';
import { ffmpegError, shown, sourceError } from './source-error.js';

/** How often a device that has nothing yet is asked again, ms. */
const pollMs = 4;

/** The next bytes, at most so many; none at the end. */
export type ReadBytes = (most: number) => Promise<Buffer>;

/** What FFmpeg reads at once from a body of HTTP, bytes. */
const bodyBuffer = 32 * 1024;

/** What FFmpeg's demuxers read: a file, a network stream or a V4L2 device. */
export class FfmpegInput {
  /** Packets of our stream so far, also of pictures that are not shown. */
  packets = 0;
  /** Damaged parts that could not be read. */
  errors = 0;
  /** What is not as it was asked for, each in a few words. */
  readonly notes: string[] = [];
  /** For the log: which of several videos it is. */
  choice = '';
  #stream: Stream | undefined;
  #codecId: Stream['codecpar']['codecId'] | undefined;
  #interrupted = false;
  #bytes: IOContext | undefined;
  #relay: RtspRelay | undefined;
  /** What broke off the bytes that are given to FFmpeg. */
  #failure: unknown;

  constructor(
    readonly source: Description,
    private readonly context = new FormatContext(),
    private readonly readBytes?: ReadBytes,
  ) {}

  /** The video that is read, once it is open. */
  get stream(): Stream {
    if (this.#stream === undefined) throw new TypeError('the input is not open');
    return this.#stream;
  }

  /** The name of the demuxer, or the first of them. */
  get demuxer(): string {
    return this.context.iformat?.name?.split(',')[0] ?? '';
  }

  get isDevice(): boolean {
    return this.source.live && this.source.network === undefined;
  }

  /** FFmpeg's demuxers for single pictures: image2 by the file's name, the others by its first bytes. */
  get isPicture(): boolean {
    return /^(image2|(jpeg|png|webp|bmp)_pipe)$/.test(this.context.iformat?.name ?? '');
  }

  async open(): Promise<void> {
    Log.setLevel(AV_LOG_QUIET); // what goes wrong is said in our own errors; FFmpeg would write to stderr as well
    if (!this.source.live && isNamedPipe(this.source.url)) throw this.#namedPipe();
    if (this.readBytes === undefined) await resolveHost(this.source);
    this.notes.push(...certificateNotes(this.source));
    await this.#openAsItWants();
    this.#stream = this.#chooseStream();
    this.#codecId = this.#stream.codecpar.codecId;
  }

  /** Reads the next packet of our stream. @returns false at the end */
  async read(packet: Packet): Promise<boolean> {
    for (;;) {
      const code =
        this.source.live && !this.isDevice ? await this.context.readFrame(packet) : this.context.readFrameSync(packet);
      if (this.#failure !== undefined) throw this.#failure;
      if (code === AVERROR_EOF) return false;
      if (this.#interrupted) throw this.error('ERR_SOURCE_READ', 'was interrupted');
      if (code === AVERROR_EAGAIN) {
        await sleep(pollMs);
        continue;
      }
      if (code < 0) {
        if (this.source.live) throw this.#brokenOff(code);
        this.errors += 1; // a damaged file ends where it can no longer be read
        return false;
      }
      if (packet.streamIndex === this.#stream?.index) {
        if (this.#stream.codecpar.codecId !== this.#codecId) throw this.#changed();
        this.packets += 1;
        return true;
      }
      packet.unref();
    }
  }

  interrupt(): void {
    this.#interrupted = true;
    this.context.interrupt();
  }

  async close(): Promise<void> {
    await this.context.closeInput();
    await this.#relay?.[Symbol.asyncDispose]();
    this.#bytes?.freeContext();
    this.#bytes = undefined;
  }

  error(code: string, what: string): SourceError {
    const advice = this.source.live ? 'Check the address and that the camera is on.' : 'Check that the file is whole.';
    return sourceError(code, 'source', `source ${shown(this.source)} ${what}. ${advice}`);
  }

  async #openInput(url: string, options: Record<string, string>): Promise<void> {
    const { format, network } = this.source;
    const inputFormat = format === undefined ? null : InputFormat.findInputFormat(format);
    this.context.allocContext(); // or interrupt() would have nothing to interrupt until it is open, and no effect after
    // A read that waits inside the kernel can't be interrupted, so devices are asked again and again.
    if (this.isDevice) this.context.setFlags(AVFMT_FLAG_NONBLOCK);
    if (this.readBytes !== undefined) this.context.pb = this.#feed(this.readBytes);
    const address = this.readBytes === undefined ? url : '';
    this.#check(await this.context.openInput(address, inputFormat, Dictionary.fromObject(options)), 'can’t be opened');
    if (this.isDevice) return; // the driver has told size and format, and finding out more would wait for pictures
    this.#check(
      await this.context.findStreamInfo(null),
      network ? 'sends no readable stream' : 'holds no readable stream',
    );
  }

  /**
   * Opens it as the settings say, and else as the camera wants it: RTSP over UDP if it refuses TCP, through a relay if
   * it wants a login that FFmpeg doesn't know.
   */
  async #openAsItWants(): Promise<void> {
    const { otherTransport } = this.source;
    let { url, options } = this.source;
    for (;;) {
      try {
        await this.#inTime(() => this.#openInput(url, options));
        break;
      } catch (error) {
        const { code } = error as SourceError;
        if (this.#interrupted) throw error;
        if (code === 'ERR_SOURCE_TRANSPORT' && otherTransport && options.rtsp_transport !== otherTransport) {
          options = { ...options, rtsp_transport: otherTransport };
        } else if (code === 'ERR_SOURCE_LOGIN' && options.rtsp_transport && this.#relay === undefined) {
          this.#relay = await RtspRelay.start(this.source);
          url = this.#relay.url;
        } else throw (await certificateProblem(this.source)) ?? (await this.#noVideo(error as SourceError)) ?? error;
      }
    }
    if (options !== this.source.options) {
      const { rtsp_transport: wanted } = this.source.options;
      this.notes.push(`the camera refuses RTSP over ${wanted}, so it comes over ${options.rtsp_transport}`);
    }
  }

  /** Where no video was asked for, since there is none, the camera refuses to play: finds out whether that is it. */
  async #noVideo({ code }: SourceError): Promise<SourceError | undefined> {
    const { url, options, network } = this.source;
    if (code !== 'ERR_SOURCE_OPEN' || options.allowed_media_types === undefined) return undefined;
    const { allowed_media_types: _, ...all } = options;
    const other = new FormatContext();
    other.allocContext();
    const timer = setTimeout(() => other.interrupt(), network?.timeoutMs);
    try {
      const opened = await other.openInput(url, null, Dictionary.fromObject({ ...all, initial_pause: '1' }));
      const hasVideo = other.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
      return opened < 0 || hasVideo ? undefined : this.#withoutVideo();
    } finally {
      clearTimeout(timer);
      await other.closeInput();
    }
  }

  #withoutVideo(): SourceError {
    return this.error('ERR_SOURCE_NO_VIDEO', 'has no video: sound alone, or other data');
  }

  /** FFmpeg asks from a thread of its own, and waits there for the promise. */
  #feed(read: ReadBytes): IOContext {
    this.#bytes = new IOContext();
    this.#bytes.allocContextWithCallbacks(bodyBuffer, 0, async (most) => {
      try {
        const bytes = await read(most);
        return bytes.length > 0 ? bytes : null;
      } catch (error) {
        this.#failure = error;
        return null;
      }
    });
    return this.#bytes;
  }

  /** A camera that sends a little now and then would keep FFmpeg waiting for ever. */
  async #inTime(work: () => Promise<void>): Promise<void> {
    const { network } = this.source;
    let late = false;
    const timer =
      network &&
      setTimeout(() => {
        late = true;
        this.context.interrupt();
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
  #chooseStream(): Stream {
    const wanted = this.source.stream;
    const videos = this.context.streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
    const bySize = videos.toSorted((a, b) => area(b) - area(a));
    const best = this.context.streams[this.context.findBestStream(AVMEDIA_TYPE_VIDEO)];
    const stream =
      wanted === undefined
        ? best
        : typeof wanted === 'number'
          ? videos[wanted]
          : bySize.at(wanted === 'largest' ? 0 : -1);
    if (stream !== undefined) {
      if (videos.length > 1) this.choice = `, video ${videos.indexOf(stream)} of ${videos.length}`;
      return stream;
    }
    if (videos.length === 0) throw this.#withoutVideo();
    const sizes = videos.map(({ codecpar: { width, height } }, i) => `${i} (${width}x${height})`).join(', ');
    throw this.error('ERR_SOURCE_NO_VIDEO', `has no video ${wanted}; it has ${sizes}`);
  }

  /** The decoder that is open would make a wrong picture now and then of what comes, and the camera seem to live. */
  #changed(): SourceError {
    const what = `source ${shown(this.source)} has changed its codec. It is opened anew.`;
    return sourceError('ERR_SOURCE_CHANGED', 'source', what);
  }

  #brokenOff(code: number): SourceError {
    const error = ffmpegError(this.source, code, 'broke off');
    if (error.code !== 'ERR_SOURCE_OPEN') return error;
    return this.error('ERR_SOURCE_READ', `broke off: ${FFmpegError.strerror(code)}`);
  }

  /** Opening one waits until somebody writes to it, and can't be interrupted. */
  #namedPipe(): SourceError {
    const what = `source ${shown(this.source)} is a named pipe, at which we could wait for ever`;
    const advice = 'Name a file, or /dev/stdin and let `cat` read the pipe: cat PIPE | minspnet detect /dev/stdin';
    return sourceError('ERR_SOURCE_OPEN', 'source', `${what}. ${advice}.`);
  }

  #check(code: number, doing: string): void {
    if (code < 0) throw this.#failure ?? ffmpegError(this.source, code, doing);
  }
}

function area({ codecpar: { width, height } }: Stream): number {
  return width * height;
}

/**
 * Finds out whether a camera's host has an address. FFmpeg would say no more than "Input/output error" if it has
 * none, and could not be interrupted while it waits for a name server that is gone.
 *
 * @throws {SourceError} ERR_SOURCE_HOST
 */
export async function resolveHost({ url, network }: Pick<Description, 'url' | 'network'>): Promise<void> {
  if (network === undefined) return;
  const timer = new AbortController();
  const late = sleep(network.timeoutMs, 'late', { signal: timer.signal }).catch(() => 'late');
  try {
    if ((await Promise.race([lookup(network.host), late])) !== 'late') return;
  } catch (error) {
    throw unknownHost(url, network.host, error);
  } finally {
    timer.abort();
  }
  throw unknownHost(url, network.host);
}

function unknownHost(url: string, host: string, cause?: unknown) {
  const what = cause === undefined ? 'no name server answers for' : 'there is no address for the name';
  const advice = 'Check the name and the network, or write the camera’s address in numbers';
  return sourceError('ERR_SOURCE_HOST', 'unreachable', `source ${url}: ${what} "${host}". ${advice}.`, cause);
}

/**
 * Whether it is a pipe with a path of its own, whose opening waits until somebody writes. One that the shell has made
 * (`… | minspnet detect /dev/stdin`, `<(…)`) has a writer already, and leads to no path.
 */
function isNamedPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO() && realpathSync.native(path) !== '';
  } catch {
    return false; // whoever opens it says why it can't be
  }
}
