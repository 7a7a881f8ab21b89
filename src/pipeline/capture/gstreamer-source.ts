import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { maskUrl } from '../../config/mask.js';
import type { SourceError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { gstreamerArguments } from './gstreamer-arguments.js';
import { gstreamerError } from './gstreamer-error.js';
import type { Size } from './input-size.js';
import type { Picture, SourceFacts } from './picture-source.js';
import { ProcessSource } from './process-source.js';
import { RawProcess } from './raw-process.js';
import type { GstreamerSource as Description } from './source.js';
import { Y4mLayout } from './y4m-layout.js';

const programs = ['gst-launch-1.0'];
/** How long a pipeline may take to its first picture, ms. */
const firstPictureMs = 15_000;

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
  #firstAt: number | undefined;

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
    this.#firstAt ??= now;
    const bytes = this.#bytes.subarray(0, this.#layout.packed);
    const frame = this.show(bytes, { ...this.#size, format: AV_PIX_FMT_YUV420P });
    return { frame, mediaMs: now - this.#firstAt };
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

  /** `YUV4MPEG2 W640 H480 I? F30:1 A1:1 C420jpeg`. @returns pictures a second, 0 where it isn't told */
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
    const text = maskUrl(this.source.pipeline.trim());
    return text.length > 100 ? `${text.slice(0, 100)}…` : text;
  }
}
