import { readBootId, SequenceFile } from './sequence-file.js';

/** Gives the events of each camera their numbers, none of them twice, whatever happens to the disk. */
export class OutboxNumbers {
  /** Up to where each camera may have counted, apart from the database. */
  readonly file: SequenceFile;
  /** The last number of each camera. */
  readonly #last = new Map<string, number>();
  /** Whose are not in the database yet. */
  #unwritten = new Set<string>();
  /** Where a camera begins that nothing is known of. */
  #floor = 0;

  constructor(path: string) {
    this.file = new SequenceFile(path);
  }

  /** The last number of each camera. */
  get last(): ReadonlyMap<string, number> {
    return this.#last;
  }

  async load(): Promise<void> {
    await this.file.load(await readBootId());
  }

  next(camera: string): number {
    const seq = (this.#last.get(camera) ?? this.#floor) + 1;
    this.#last.set(camera, seq);
    this.#unwritten.add(camera);
    return seq;
  }

  /**
   * Neither the database nor the file tells: no camera has had as many events as seconds since 1970.
   *
   * @param now UTC in ms
   */
  knowNothing(now: number): void {
    this.#floor = Math.floor(now / 1000);
  }

  /** The database can't be read yet: counts above all that may have been given. @param now UTC in ms */
  beginBlind(now: number): void {
    for (const camera of this.file.cameras) this.#last.set(camera, this.file.reserved(camera));
    if (!this.file.known) this.knowNothing(now);
  }

  /** Numbers that were given by an earlier run. */
  found(last: ReadonlyMap<string, number>): void {
    for (const [camera, seq] of last) {
      this.#last.set(camera, Math.max(seq, this.#floor, this.#last.get(camera) ?? 0));
      this.#unwritten.add(camera);
    }
  }

  /** Hands over what is to be written. */
  takeUnwritten(): Map<string, number> {
    const last = new Map([...this.#unwritten].map((camera) => [camera, this.#last.get(camera) ?? 0]));
    this.#unwritten = new Set();
    return last;
  }

  /** They stay to be written: these, which could not be, or all. */
  putBack(cameras: ReadonlyMap<string, number> = this.#last): void {
    for (const camera of cameras.keys()) this.#unwritten.add(camera);
  }

  /** Before they are written: no number is used that the file does not know of. @throws what the file system throws */
  async reserve(last: ReadonlyMap<string, number>): Promise<void> {
    for (const [camera, seq] of last) if (seq > this.file.reserved(camera)) return this.file.reserve(last);
  }
}
