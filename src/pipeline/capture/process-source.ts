import { AV_LOG_QUIET } from 'node-av/constants';
import { FFmpegError, Frame, Log } from 'node-av/lib';
import { blankFrame } from './own-frame.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import type { RawProcess } from './raw-process.js';

/** What raw bytes mean: their format, and the width of a row with what pads it. */
type RawPicture = Omit<Parameters<typeof Frame.fromVideoBuffer>[1], 'timeBase'>;

/** A source whose pictures a program writes; owns the program that runs now, and the newest picture. */
export abstract class ProcessSource implements PictureSource {
  readonly decodeErrors = 0;
  protected process: RawProcess | undefined;
  #frame: Frame | undefined;
  #interrupted = false;

  constructor() {
    Log.setLevel(AV_LOG_QUIET); // what goes wrong is said in our own errors; FFmpeg would write to stderr as well
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

  /** The picture that the bytes are, in place of the one before; a copy, so they can be used again. */
  protected show(bytes: Buffer, picture: RawPicture): Frame {
    this.#frame?.free();
    // node-av 6.1.1 copies nothing here, whatever it says: whoever keeps a picture would see the next one in it.
    const lent = Frame.fromVideoBuffer(bytes, { ...picture, timeBase: { num: 1, den: 1000 } });
    try {
      const frame = blankFrame(picture, picture.format);
      this.#frame = frame;
      FFmpegError.throwIfError(frame.copy(lent), 'copying a picture');
      FFmpegError.throwIfError(frame.copyProps(lent), 'copying a picture');
      return frame;
    } finally {
      lent.free();
    }
  }
}
