import { AV_LOG_QUIET } from 'node-av/constants';
import { FFmpegError, Frame, Log } from 'node-av/lib';
import type { Size } from './input-size.js';
import { MediaClock } from './media-clock.js';
import { LazyPicture, type Picture, type PictureSource, type SourceFacts } from './picture-source.js';
import type { RawProcess } from './raw-process.js';
import { blankFrame, type Colours, type PixelFormat } from './scaling.js';

/** What raw bytes mean. */
export interface RawLayout extends Size, Colours {
  format: PixelFormat;
  /** Width of a row with what pads it, pixels. */
  stride: number;
}

/** A source whose pictures a program writes; owns the program that runs now, and the newest picture. */
export abstract class ProcessSource implements PictureSource {
  readonly decodeErrors = 0;
  protected readonly clock = new MediaClock();
  protected process: RawProcess | undefined;
  #frame: Frame | undefined;
  #interrupted = false;

  constructor() {
    Log.setLevel(AV_LOG_QUIET); // what goes wrong is said in our own errors; FFmpeg would write to stderr as well
  }

  get clockJumps(): number {
    return this.clock.jumps;
  }

  abstract open(): Promise<SourceFacts>;
  abstract next(): Promise<Picture | undefined>;

  interrupt(): void {
    this.#interrupted = true;
    this.process?.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame?.free();
    this.#frame = undefined;
    await this.process?.[Symbol.asyncDispose]();
  }

  /** From now on pictures come from this program; whichever ran before has ended. */
  protected run(started: RawProcess): RawProcess {
    this.process = started;
    if (this.#interrupted) started.interrupt();
    return started;
  }

  /**
   * The picture that the bytes are, in place of the one before. It is copied when it is asked for, which has to be before
   * the bytes change.
   */
  protected picture(mediaMs: number, bytes: Buffer, layout: RawLayout): Picture {
    return new LazyPicture(mediaMs, () => {
      const { width, height, stride, format, colorSpace, colorRange } = layout;
      const padded = { width: stride, height, format };
      // node-av 6.1.1 copies nothing here, whatever it says: whoever keeps a picture would see the next one in it.
      using lent = Frame.fromVideoBuffer(bytes, padded);
      const frame = this.#room(layout);
      Object.assign(frame, padded);
      FFmpegError.throwIfError(frame.copy(lent), 'copying a picture');
      Object.assign(frame, { width, colorSpace, colorRange }); // what pads the rows stays out of the picture
      return frame;
    });
  }

  /** The frame of the picture before, if nobody else has kept it: fresh memory takes longer than the copy. */
  #room({ width, height, stride, format }: RawLayout): Frame {
    const before = this.#frame;
    if (before?.isWritable && before.width === width && before.height === height) return before;
    before?.free();
    this.#frame = blankFrame({ width: stride, height }, format);
    return this.#frame;
  }
}
