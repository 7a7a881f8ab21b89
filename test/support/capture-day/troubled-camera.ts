import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import type { Random } from '../../../demo/random.js';
import { SourceError } from '../../../src/contract/errors.js';
import { MediaClock } from '../../../src/pipeline/capture/media-clock.js';
import type { Picture, PictureSource, SourceFacts } from '../../../src/pipeline/capture/picture-source.js';
import { frameOf } from '../frame-of.js';

/** What a camera does from one moment on; `fine` ends all but what happens at once. */
export type Trouble = 'fine' | 'away' | 'silent' | 'deaf' | 'slow' | 'frozen' | 'ends' | 'leaps' | 'resizes';

const periodMs = 250;
const sizes = [
  [32, 32],
  [48, 32],
] as const;

/** A camera in simulated time. Connections that were open when it fell silent are silent for ever: nobody tells them. */
export class TroubledCamera {
  trouble: Trouble = 'fine';
  /** From an interruption to the end of the call that was interrupted, ms. */
  deafMs = 0;
  readonly sources = new Set<TroubledSource>();
  /** The most that were there at once, and what was done wrong to one. */
  mostSources = 0;
  readonly misuses: string[] = [];
  /** Added to all time stamps, ms. */
  leapMs = 0;
  size: readonly [width: number, height: number] = sizes[0];
  pictures = 0;

  constructor(readonly random: Random) {}

  /** @param deafMs for `deaf` */
  set(trouble: Trouble, deafMs = 0): void {
    this.trouble = trouble;
    if (trouble === 'deaf') this.deafMs = deafMs;
    if (trouble === 'leaps') this.leapMs += this.random.range(-3.6e6, 3.6e6);
    if (trouble === 'resizes') this.size = this.size === sizes[0] ? sizes[1] : sizes[0];
    for (const source of this.sources) {
      if (trouble === 'away') source.break(new SourceError('ERR_SOURCE_READ', 'source', 'broke off'));
      if (trouble === 'ends') source.end();
      if (trouble === 'silent' || trouble === 'deaf') source.hold();
    }
  }

  get periodMs(): number {
    return this.trouble === 'slow' ? 12 * periodMs : periodMs;
  }

  connect = (): TroubledSource => {
    const source = new TroubledSource(this);
    this.sources.add(source);
    this.mostSources = Math.max(this.mostSources, this.sources.size);
    return source;
  };
}

/** One connection to it. */
class TroubledSource implements PictureSource {
  readonly decodeErrors = 0;
  readonly #deafMs: number;
  #frame: Frame | undefined;
  #isHeld = false;
  #isOver = false;
  #isInterrupted = false;
  #isDisposed = false;
  #error: SourceError | undefined;
  #wake: (() => void) | undefined;
  #mediaMs = 0;
  #tookMs = 0;
  readonly #clock = new MediaClock();

  constructor(private readonly camera: TroubledCamera) {
    this.#deafMs = camera.trouble === 'deaf' ? camera.deafMs : 0;
  }

  get clockJumps(): number {
    return this.#clock.jumps;
  }

  async open(): Promise<SourceFacts> {
    const { camera } = this;
    if (camera.trouble === 'silent' || camera.trouble === 'deaf') this.hold();
    await this.#wait(camera.random.range(20, 300));
    if (camera.trouble === 'away') throw new SourceError('ERR_SOURCE_UNREACHABLE', 'unreachable', 'refuses us');
    const [width, height] = camera.size;
    return { width, height, fps: 1000 / periodMs, by: 'simulation' };
  }

  async next(): Promise<Picture | undefined> {
    const { camera } = this;
    for (let waitedMs = 0; waitedMs < camera.periodMs && !this.#isOver; waitedMs += periodMs) {
      await this.#wait(periodMs);
      this.#mediaMs += periodMs;
    }
    if (this.#isOver) return undefined;
    const [width, height] = camera.size;
    if (camera.trouble !== 'frozen') camera.pictures += 1;
    this.#frame?.free();
    const bytes = Buffer.alloc((width * height * 3) / 2, (camera.pictures * 7) % 200);
    const timeBase = { num: 1, den: 1000 };
    this.#frame = frameOf(bytes, { width, height, format: AV_PIX_FMT_YUV420P, timeBase });
    const passedMs = this.#mediaMs - this.#tookMs;
    this.#tookMs = this.#mediaMs;
    return { frame: this.#frame, mediaMs: this.#clock.at(this.#mediaMs + camera.leapMs, passedMs) };
  }

  interrupt(): void {
    if (this.#isDisposed) this.camera.misuses.push('a closed source was interrupted');
    if (this.#isInterrupted) return;
    setTimeout(() => {
      this.#isInterrupted = true;
      this.#wake?.();
    }, this.#deafMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#wake !== undefined) this.camera.misuses.push('a source was closed within a call');
    if (this.#isDisposed) this.camera.misuses.push('a source was closed twice');
    this.#isDisposed = true;
    this.camera.sources.delete(this);
    this.#frame?.free();
  }

  break(error: SourceError): void {
    if (this.#isHeld) return; // nobody tells it
    this.#error = error;
    this.#wake?.();
  }

  end(): void {
    if (this.#isHeld) return;
    this.#isOver = true;
    this.#wake?.();
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Until the time is over, something happens, or for ever. */
  async #wait(ms: number): Promise<void> {
    for (let isLate = false; !isLate || this.#isHeld; ) {
      if (this.#isInterrupted) throw new SourceError('ERR_SOURCE_READ', 'source', 'was interrupted');
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (!this.#isHeld) setTimeout(resolve, ms);
      });
      this.#wake = undefined;
      isLate = true;
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
