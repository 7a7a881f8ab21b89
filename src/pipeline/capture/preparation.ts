import type { Frame } from 'node-av/lib';
import type { MotionSettings } from '../../config/schema.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelCard, ModelInput, Task } from '../../contract/model-card.js';
import type { CaptureTime } from '../../timing/monotonic.js';
import type { Pixels } from '../network.js';
import type { StageClock } from '../stage-clock.js';
import { chosenSize, inputSize, type Size } from './input-size.js';
import { MotionGate } from './motion-gate.js';
import { fractionsOf, pixelRegion } from './region.js';
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
  input?: Size | undefined;
  /** Pixels of an input whose size follows from the picture's, at most; by default the usual budget. */
  inputPixels?: number | undefined;
}

/**
 * @param size that was asked for, [width, height]
 * @throws {ConfigError} ERR_CONFIG_SIZE when the model does not take that
 */
export function inputOptions(
  card: Pick<ModelCard<Task>, 'name' | 'task' | 'input'>,
  size?: readonly [number, number],
  inputPixels?: number,
): InputOptions {
  const { fill, multipleOf, resize } = card.input;
  return { fill, multipleOf, resize, input: chosenSize(card, size), inputPixels };
}

export interface PreparationOptions extends InputOptions {
  /** Pictures a second, at most; by default all of them. */
  fps?: number | undefined;
  /** By default no picture is still. */
  motion?: MotionSettings;
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

/** The same on its way to the network. */
export interface TakenPicture extends PreparedPicture, CaptureTime {
  /** When it was read from its source, on the monotonic clock; a file's time of capture is that of its time stamps. */
  takenMs: number;
}

/**
 * The capture side of what is done with a picture: is it due, is it still, scale it. The engine's side is `Analysis`;
 * the daemon's capture threads and the benchmarks both run these two.
 */
export class Preparation implements Disposable {
  readonly rate: RateLimit;
  /** The scene would learn nothing from a second look at the same picture, so the next one may be still. */
  settled = false;
  #parts: { input: Size; scaler: TensorScaler; gate: MotionGate | undefined } | undefined;

  /** @param clock is told when a picture has been scaled */
  constructor(
    private options: PreparationOptions,
    private readonly clock?: StageClock,
  ) {
    this.rate = new RateLimit(options.fps);
  }

  /** Another input, from the next picture on; memory for the one of before is of no use any more. */
  use(input: InputOptions): void {
    this[Symbol.dispose]();
    this.#parts = undefined;
    this.settled = false;
    this.options = { ...this.options, ...input };
  }

  /** Media time starts over. */
  reset(): void {
    this.rate.reset();
    this.#parts?.gate?.reset();
  }

  /** The size of the network's input. It follows from the first picture, and stays whatever the camera sends later. */
  inputFor(picture: Size): Size {
    return this.#partsFor(picture).input;
  }

  /** Memory for the tensor of one picture. */
  memoryFor(picture: Size): Uint8Array<ArrayBuffer> {
    const { width, height } = this.inputFor(picture);
    return new Uint8Array(width * height * 3).fill(this.options.fill);
  }

  /**
   * Makes the network's input of a picture that is due.
   *
   * @param mediaMs time stamp of the picture, milliseconds
   * @param bytes of {@link memoryFor}, used again and again
   */
  prepare(frame: Frame, mediaMs: number, bytes: Uint8Array<ArrayBuffer>): PreparedPicture {
    this.rate.taken(mediaMs);
    const picture = { width: frame.width, height: frame.height };
    const { input, scaler, gate } = this.#partsFor(picture);
    const still = gate?.isStill(frame, mediaMs, this.settled) ?? false;
    const fitted = still ? input : scaler.scale(frame, bytes);
    this.clock?.('scale');
    const region = scaler.region && fractionsOf(scaler.region, picture);
    return { still, tensor: { bytes, input, fitted }, picture, ...(region && { region }) };
  }

  [Symbol.dispose](): void {
    this.#parts?.scaler[Symbol.dispose]();
    this.#parts?.gate?.[Symbol.dispose]();
  }

  #partsFor(picture: Size) {
    if (this.#parts === undefined) {
      const { fill, resize, region, motion, multipleOf, inputPixels } = this.options;
      const part = region && pixelRegion(region, picture);
      const input = this.options.input ?? inputSize(part ?? picture, multipleOf, inputPixels);
      const scaler = new TensorScaler(input, fill, resize, region);
      this.#parts = { input, scaler, gate: motion && new MotionGate(motion, input, region) };
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
