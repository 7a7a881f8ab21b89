import type { Frame } from 'node-av/lib';
import type { MotionSettings } from '../../config/schema.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelInput } from '../../contract/model-card.js';
import type { Pixels } from '../detector.js';
import type { StageClock } from '../stage-clock.js';
import { inputSize, type Size } from './input-size.js';
import { MotionGate } from './motion-gate.js';
import { fractionsOf, pixelRegion } from './region.js';
import { tensorBuffer, tensorBytes } from './tensor.js';
import { TensorScaler } from './tensor-scaler.js';

/** How a model wants its pictures. */
export interface InputOptions {
  /** Grey of what the picture does not cover, 0..255. */
  fill: number;
  /** Width and height of the input are multiples of this. */
  multipleOf: number;
  /** How the picture comes into the input. */
  resize: ModelInput['resize'];
  /** The input's size if it does not follow from the picture's. */
  input?: Size;
  /** Pixels of an input whose size follows from the picture's, at most; by default the usual budget. */
  inputPixels?: number;
}

export interface PreparationOptions extends InputOptions {
  /** Pictures a second, at most; all of them if it is undefined. */
  fps: number | undefined;
  motion: MotionSettings;
  /** The part of the picture that is analysed, if that is not all of it; fractions of the picture. */
  region?: Box | undefined;
}

/** A picture as the network takes it. */
export interface PreparedPicture {
  /** Nothing has changed since the last picture that was not still; the tensor holds no picture. */
  still: boolean;
  tensor: Pixels;
  /** Of the camera's picture, pixels. */
  picture: Size;
  /** The part of the picture that is in the tensor, if that is not all of it; fractions of the picture. */
  region?: Box;
}

/**
 * The capture side of what is done with a picture: is it due, is it still, scale it. The engine's side is `Analysis`;
 * the daemon's capture threads and the benchmarks both run these two.
 */
export class Preparation implements Disposable {
  readonly rate: RateLimit;
  /** The scene would learn nothing from a second look at the same picture, so the next one may be still. */
  settled = false;
  #parts: { input: Size; scaler: TensorScaler; gate: MotionGate } | undefined;

  /** @param clock is told when a picture has been scaled */
  constructor(
    private readonly options: PreparationOptions,
    private readonly clock?: StageClock,
  ) {
    this.rate = new RateLimit(options.fps);
  }

  /** Media time starts over. */
  reset(): void {
    this.rate.reset();
    this.#parts?.gate.reset();
  }

  /** The size of the network's input. It follows from the first picture, and stays whatever the camera sends later. */
  inputFor(picture: Size): Size {
    return this.#partsFor(picture).input;
  }

  /** Memory for the tensor of one picture. */
  buffer(picture: Size): ArrayBuffer {
    return tensorBuffer(this.inputFor(picture), this.options.fill);
  }

  /**
   * Makes the network's input of a picture that is due.
   *
   * @param mediaMs time stamp of the picture, milliseconds
   * @param buffer one of {@link buffer}
   */
  prepare(frame: Frame, mediaMs: number, buffer: ArrayBuffer): PreparedPicture {
    this.rate.taken(mediaMs);
    const picture = { width: frame.width, height: frame.height };
    const { input, scaler, gate } = this.#partsFor(picture);
    const still = gate.isStill(frame, mediaMs, this.settled);
    const fitted = still ? input : scaler.scale(frame, buffer);
    this.clock?.('scale');
    const region = scaler.region && fractionsOf(scaler.region, picture);
    const tensor = { bytes: tensorBytes(buffer, input), input, fitted };
    return { still, tensor, picture, ...(region && { region }) };
  }

  [Symbol.dispose](): void {
    this.#parts?.scaler[Symbol.dispose]();
    this.#parts?.gate[Symbol.dispose]();
  }

  #partsFor(picture: Size) {
    if (this.#parts === undefined) {
      const { fill, resize, region, motion, multipleOf, inputPixels } = this.options;
      const part = region && pixelRegion(region, picture);
      const input = this.options.input ?? inputSize(part ?? picture, multipleOf, inputPixels);
      const scaler = new TensorScaler(input, fill, resize, region);
      this.#parts = { input, scaler, gate: new MotionGate(motion, input, region) };
    }
    return this.#parts;
  }
}

/**
 * Chooses which pictures of a stream are analysed so that on average no more than `fps` a second are: of a stream of
 * 12.5 pictures a second four of five at 10 fps, with no drift.
 */
export class RateLimit {
  #nextMs = 0;
  #fps: number | undefined;

  /** @param fps undefined: every picture is due */
  constructor(fps: number | undefined) {
    this.#fps = fps;
  }

  /** From now on: the next picture is due at once, for at a slower rate it may be far away. */
  set fps(fps: number) {
    this.#fps = fps;
    this.reset();
  }

  /** @param mediaMs time stamp of the picture, milliseconds */
  isDue(mediaMs: number): boolean {
    const tolerance = 0.5; // time stamps are rounded to a millisecond by many containers
    return this.#fps === undefined || mediaMs >= this.#nextMs - tolerance;
  }

  /** The picture was analysed; the next one is due a period later. */
  taken(mediaMs: number): void {
    if (this.#fps === undefined) return;
    const period = 1000 / this.#fps;
    // After a gap the schedule starts anew: no burst to catch up.
    this.#nextMs = mediaMs - this.#nextMs > period ? mediaMs + period : this.#nextMs + period;
  }

  /** Media time starts over. */
  reset(): void {
    this.#nextMs = 0;
  }
}
