import type { Frame } from 'node-av/lib';
import type { MotionSettings } from '../../config/schema.js';
import type { Box } from '../../contract/geometry.js';
import type { CaptureTime } from '../../timing/monotonic.js';
import type { Pixels } from '../network.js';
import type { StageClock } from '../stage-clock.js';
import { fit, type InputOptions, inputSize, type Size } from './input-size.js';
import { MotionGate } from './motion-gate.js';
import { fractionsOf, pixelRegion } from './region.js';
import { TensorScaler } from './tensor-scaler.js';
import { looksOf, type Tiling, tilesOf } from './tiles.js';

export interface PreparationOptions extends InputOptions {
  /** Pictures a second, at most; by default all of them. */
  fps?: number | undefined;
  /** By default no picture is still. */
  motion?: MotionSettings;
  /** The part of the picture that is analysed, if that is not all of it; fractions of the picture. */
  region?: Box | undefined;
  /** Whether, in turn, parts of that are looked at besides. */
  tiles?: Tiling | undefined;
}

/** One of the parts of a picture that are looked at in turn. */
interface Look {
  input: Size;
  scaler: TensorScaler;
  isTile: boolean;
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
  /** That is one tile of what is analysed; other pictures show the others, and all of it. */
  isTile?: boolean;
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
  #parts: { looks: readonly [Look, ...Look[]]; gate: MotionGate | undefined } | undefined;
  /** Which of the looks is next. */
  #next = 0;

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
    this.#next = 0;
  }

  /**
   * The size of the network's input, of a whole picture. It follows from the first one, and stays whatever the camera sends
   * later.
   */
  inputFor(picture: Size): Size {
    return this.#partsFor(picture).looks[0].input;
  }

  /** Memory for the tensor of one picture. */
  memoryFor(picture: Size): Uint8Array<ArrayBuffer> {
    const pixels = this.#partsFor(picture).looks.map(({ input }) => input.width * input.height);
    return new Uint8Array(Math.max(...pixels) * 3).fill(this.options.fill);
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
    const { looks, gate } = this.#partsFor(picture);
    const still = gate?.isStill(frame, mediaMs, this.settled) ?? false;
    if (still) return { still, tensor: { bytes, input: looks[0].input, fitted: looks[0].input }, picture };
    const { input, scaler, isTile } = looks[this.#next] ?? looks[0];
    this.#next = (this.#next + 1) % looks.length;
    const tensor = new Uint8Array(bytes.buffer, 0, input.width * input.height * 3);
    if (looks.length > 1) tensor.fill(this.options.fill); // the look before may have covered more
    const fitted = scaler.scale(frame, tensor);
    this.clock?.('scale');
    const region = scaler.region && fractionsOf(scaler.region, picture);
    const part = { ...(region && { region }), ...(isTile && { isTile }) };
    return { still, tensor: { bytes: tensor, input, fitted }, picture, ...part };
  }

  [Symbol.dispose](): void {
    for (const { scaler } of this.#parts?.looks ?? []) scaler[Symbol.dispose]();
    this.#parts?.gate?.[Symbol.dispose]();
  }

  #partsFor(picture: Size) {
    if (this.#parts === undefined) {
      const { fill, resize, region = [0, 0, 1, 1], motion, multipleOf, inputPixels, tiles, isFixed } = this.options;
      const area = pixelRegion(region, picture);
      const input = this.options.input ?? inputSize(area, multipleOf, inputPixels);
      const whole: Look = { input, scaler: new TensorScaler(input, fill, resize, this.options.region), isTile: false };
      const looks: [Look, ...Look[]] = [whole];
      let finest = input;
      for (const tile of tiles === undefined ? [] : tilesOf(tiles, region)) {
        const part = pixelRegion(tile, picture);
        // As many pixels as the whole has, in the tile's own shape.
        const own = isFixed ? input : inputSize(part, multipleOf, input.width * input.height);
        looks.push({ input: own, scaler: new TensorScaler(own, fill, resize, tile), isTile: true });
        const fitted = fit(part, own);
        const [across, down] = [area.width / part.width, area.height / part.height];
        finest = { width: Math.round(fitted.width * across), height: Math.round(fitted.height * down) };
      }
      const gate = motion && new MotionGate(motion, finest, this.options.region, looksOf(tiles));
      this.#parts = { looks, gate };
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
