import { AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_BT709 } from 'node-av/constants';
import { describeSource } from '../../config/address.js';
import type { ExitReason, SourceError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import type { Size } from './input-size.js';
import type { Picture, SourceFacts } from './picture-source.js';
import { ProcessSource } from './process-source.js';
import { RawProcess } from './raw-process.js';
import type { GstreamerSource as Description } from './source.js';
import { sourceError } from './source-error.js';

const programs = ['gst-launch-1.0'];
/** How long a pipeline may take to its first picture, ms. */
const firstPictureMs = 15_000;

/** YUV4MPEG2 doesn't tell the colour space, so the pipeline is asked for one: that of most cameras today. */
const colours = { format: AV_PIX_FMT_YUV420P, colorSpace: AVCOL_SPC_BT709, colorRange: AVCOL_RANGE_MPEG };

/**
 * What a GStreamer pipeline puts out, read from the standard output of `gst-launch-1.0` as YUV4MPEG2: that format says
 * the size itself, also when it changes, and marks where each picture begins.
 */
export class GstreamerSource extends ProcessSource {
  #size: Size = { width: 0, height: 0 };
  #layout = new Y4mLayout(this.#size);
  /** Whether this GStreamer pads rows; undefined until the first picture where it could. */
  #pads: boolean | undefined;
  /** Of one picture. */
  #bytes: Buffer = Buffer.alloc(0);
  /** When the last picture came, on the monotonic clock, ms. */
  #arrivedAt = 0;

  constructor(private readonly source: Description) {
    super();
  }

  /** Resolves once the first picture is on its way. */
  async open(): Promise<SourceFacts> {
    const started = await RawProcess.start(programs, gstreamerArguments(this.source.pipeline));
    if (started === undefined) {
      const advice = 'Install the packages gstreamer1.0-tools, gstreamer1.0-plugins-base and gstreamer1.0-plugins-good';
      throw gstreamerError(this.#shown, 'PROGRAM', `${programs[0]} is not installed. ${advice}`);
    }
    const process = this.run(started);
    if (!(await process.comes(firstPictureMs))) throw await this.#silent();
    const header = await process.line();
    if (header === undefined) throw await this.#silent();
    const fps = this.#takeHeader(header);
    return { ...this.#size, fps, by: programs[0] as string };
  }

  async next(): Promise<Picture | undefined> {
    const process = this.process as RawProcess;
    let line = await process.line();
    if (line?.startsWith('YUV4MPEG2')) {
      this.#takeHeader(line); // the camera has changed its size
      line = await process.line();
    }
    if (line === undefined) throw await this.#ended(0);
    if (!line.startsWith('FRAME')) {
      throw gstreamerError(this.#shown, 'READ', 'sent something between two pictures that is none');
    }
    await this.#readPicture(process);
    const now = monotonicMs();
    const mediaMs = this.clock.at(undefined, now - this.#arrivedAt);
    this.#arrivedAt = now;
    const bytes = this.#bytes.subarray(0, this.#layout.packed);
    return this.picture(mediaMs, bytes, { ...this.#size, ...colours, stride: this.#size.width });
  }

  async #readPicture(process: RawProcess): Promise<void> {
    const { packed, padded } = this.#layout;
    let filled = await process.fill(this.#bytes.subarray(0, packed));
    if (filled < packed) throw await this.#ended(filled);
    if (packed === padded) return;
    // What comes next tells: a mark, or the rest of a picture that was longer.
    this.#pads ??= !/^(?:FRAME|YUV4M)/.test((await process.peek(5)).toString('latin1'));
    if (!this.#pads) return;
    filled += await process.fill(this.#bytes.subarray(packed));
    if (filled < padded) throw await this.#ended(filled);
    this.#layout.pack(this.#bytes);
  }

  /** `YUV4MPEG2 W640 H480 I? F30:1 A1:1 C420jpeg`. @returns pictures a second, 0 if it isn't told */
  #takeHeader(header: string): number {
    const [width, height] = [/ W(\d+)/, / H(\d+)/].map((pattern) => Number(pattern.exec(header)?.[1] ?? 0));
    if (!header.startsWith('YUV4MPEG2') || !width || !height || / C(?!420)/.test(header)) {
      throw gstreamerError(this.#shown, 'READ', 'writes something else to standard output than pictures');
    }
    this.#size = { width, height };
    this.#layout = new Y4mLayout(this.#size);
    this.#bytes = Buffer.alloc(this.#layout.padded);
    const rate = / F(\d+):(\d+)/.exec(header);
    return rate && Number(rate[2]) > 0 ? Number(rate[1]) / Number(rate[2]) : 0;
  }

  async #silent(): Promise<SourceError> {
    const words = await this.process?.lastWords();
    return gstreamerError(this.#shown, 'OPEN', words ?? `no picture came within ${firstPictureMs / 1000} s`);
  }

  async #ended(partial: number): Promise<SourceError> {
    const words = (await this.process?.lastWords()) ?? 'its stream has ended';
    return gstreamerError(this.#shown, 'READ', `${partial > 0 ? 'stopped within a picture: ' : ''}${words}`);
  }

  /** The pipeline as it may stand in a message. */
  get #shown(): string {
    return describeSource(`gstreamer:${this.source.pipeline.trim()}`);
  }
}

/** The newest picture wins: where we are slower than the camera, the older ones go before they are converted. */
const newestOnly = 'queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0';

/** The arguments of `gst-launch-1.0` for a pipeline that ends in raw video. */
export function gstreamerArguments(pipeline: string): string[] {
  const tail = `! ${newestOnly} ! videoconvert ! video/x-raw,format=I420,colorimetry=bt709 ! y4menc ! fdsink fd=1 sync=false`;
  return ['--quiet', ...splitPipeline(pipeline), ...splitPipeline(tail)];
}

/**
 * A pipeline's text as a shell would hand it to `gst-launch-1.0`, which puts it together again: cut at white space
 * outside quotes. The quotes stay, since GStreamer reads them itself.
 */
export function splitPipeline(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+/g) ?? [];
}

type What = 'PROGRAM' | 'OPEN' | 'READ';

/** What `gst-launch-1.0` says when a pipeline does not run, and what to do then. */
const known: [words: RegExp, code: string, exit: ExitReason, advice: string][] = [
  [
    /no element "/i,
    'ERR_SOURCE_PIPELINE',
    'config',
    'Install the plugin that has it (`gst-inspect-1.0 NAME` finds it), or correct its name',
  ],
  [
    /erroneous pipeline|could not link|syntax error|no property/i,
    'ERR_SOURCE_PIPELINE',
    'config',
    'Try the pipeline with `gst-launch-1.0 … ! fakesink`',
  ],
  [
    /unauthorized|not authorized|authentication/i,
    'ERR_SOURCE_LOGIN',
    'permission',
    'Set the user name and the password in the pipeline, or make it a secret',
  ],
  [
    /cannot identify device|no such file|not found|no cameras available/i,
    'ERR_SOURCE_MISSING',
    'input',
    'Check the device',
  ],
  [/permission denied/i, 'ERR_SOURCE_ACCESS', 'permission', 'Join the group video: sudo usermod -aG video USER'],
  [/busy/i, 'ERR_SOURCE_BUSY', 'source', 'Another program holds the camera: stop it'],
  [
    /could not (?:connect|resolve|open resource)|connection refused|failed to connect/i,
    'ERR_SOURCE_UNREACHABLE',
    'unreachable',
    'Check the address and that the camera is on',
  ],
];

/** @param pipeline as it may be shown */
export function gstreamerError(pipeline: string, what: What, words: string): SourceError {
  const [, code, exit, advice] =
    (what === 'PROGRAM' ? undefined : known.find(([pattern]) => pattern.test(words))) ??
    ([undefined, `ERR_SOURCE_${what}`, 'source', what === 'PROGRAM' ? '' : 'Try it with `gst-launch-1.0`'] as const);
  return sourceError(code, exit, `${pipeline}: ${words.replace(/\.$/, '')}.${advice && ` ${advice}.`}`);
}

/**
 * How a 4:2:0 picture lies behind a `FRAME` of YUV4MPEG2. The format has no padding, but GStreamer before 1.26 writes
 * its own rows, which are padded to four bytes (and an odd height to an even one).
 */
export class Y4mLayout {
  /** Bytes of a picture without and with padding; equal if no row could be padded. */
  readonly packed: number;
  readonly padded: number;
  readonly #planes: { width: number; height: number; stride: number; rows: number }[];

  constructor({ width, height }: Size) {
    const chroma = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    const evenHeight = chroma.height * 2;
    this.#planes = [
      { width, height, stride: roundUp4(width), rows: evenHeight },
      { ...chroma, stride: roundUp4(chroma.width), rows: chroma.height },
      { ...chroma, stride: roundUp4(chroma.width), rows: chroma.height },
    ];
    this.packed = this.#planes.reduce((sum, plane) => sum + plane.width * plane.height, 0);
    this.padded = this.#planes.reduce((sum, plane) => sum + plane.stride * plane.rows, 0);
  }

  /** Moves the rows of a padded picture together, in the same bytes. */
  pack(bytes: Buffer): void {
    let from = 0;
    let to = 0;
    for (const { width, height, stride, rows } of this.#planes) {
      for (let row = 0; row < height; row += 1) {
        bytes.copyWithin(to, from + row * stride, from + row * stride + width);
        to += width;
      }
      from += stride * rows;
    }
  }
}

function roundUp4(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
