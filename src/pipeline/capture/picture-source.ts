import type { Frame } from 'node-av/lib';

/** A picture that a source has read, and when the source says it was taken. */
export interface Picture {
  /**
   * Owned by the source, valid until its next `next()`. A source may make it (copy, convert) only when it is first read:
   * whoever has no use for a picture, for it is not due, looks at `mediaMs` alone.
   */
  readonly frame: Frame;
  /** Milliseconds since the first picture of this opening, always more than the last: see {@link MediaClock}. */
  readonly mediaMs: number;
}

/** A picture that is not copied or turned unless somebody wants it: most are not due. */
export class LazyPicture implements Picture {
  #frame: Frame | undefined;

  constructor(
    readonly mediaMs: number,
    private readonly make: () => Frame,
  ) {}

  get frame(): Frame {
    this.#frame ??= this.make();
    return this.#frame;
  }
}

/** What is known of a source once it is open. */
export interface SourceFacts {
  /** Of the decoded pictures, pixels. */
  width: number;
  height: number;
  /** Pictures a second as the source states it; 0 if it doesn't. */
  fps: number;
  /** How many pictures there are, as the source states it; undefined if it doesn't or if there is no end. */
  frames?: number;
  /** For the log: demuxer and decoder, or the program that is run. */
  by: string;
  /** What is not as it was asked for, each in a few words: another size, a decoder that could not be had. */
  notes?: string[];
}

/** Anything that pictures come from. One opening each; open a new one to start over. */
export interface PictureSource extends AsyncDisposable {
  /** @throws {SourceError} if it can't be opened. */
  open(): Promise<SourceFacts>;
  /** The next picture, or undefined at the end. @throws {SourceError} when the source breaks. */
  next(): Promise<Picture | undefined>;
  /** Makes a `next()` that waits for a live source end soon. */
  interrupt(): void;
  /** Pictures that could not be decoded so far. */
  readonly decodeErrors: number;
  /** How often its time stamps went back or jumped so far. */
  readonly clockJumps: number;
}
