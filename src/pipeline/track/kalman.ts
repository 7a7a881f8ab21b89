import type { Box } from '../../contract/geometry.js';
import { atEdge } from './overlap.js';

/** How wrong a detector's box is, as a fraction of the object's size, at score 0. Half of it at score 1. */
const boxError = 0.08;
/** So many times more wrong it is of an object that is wholly behind another. */
const coveredError = 8;
/** How fast an object changes its velocity: sizes a second, after one second. */
const velocityWalk = 1.3;
/** How fast an object changes its width and height: fraction of them, after one second. */
const sizeWalk = 0.35;

/**
 * One coordinate and its rate under the white-noise-acceleration model (Bar-Shalom, Li, Kirubarajan 2001, § 6.2).
 * The axes of a box don't depend on each other, so the usual 8x8 filter falls apart into pairs like this one,
 * and a pair is a few multiplications: no matrices, nothing allocated, any step in seconds.
 */
class Coordinate {
  rate = 0;
  #variance: number;
  #covariance = 0;
  #rateVariance: number;

  constructor(
    public value: number,
    sd: number,
    rateSd: number,
  ) {
    this.#variance = sd * sd;
    this.#rateVariance = rateSd * rateSd;
  }

  /** @param walk standard deviation that the rate gains in a second */
  predict(dt: number, walk: number): void {
    const q = walk * walk * dt;
    this.value += this.rate * dt;
    this.#variance += dt * (2 * this.#covariance + dt * this.#rateVariance) + (q * dt * dt) / 3;
    this.#covariance += dt * this.#rateVariance + (q * dt) / 2;
    this.#rateVariance += q;
  }

  correct(measured: number, sd: number): void {
    const innovation = measured - this.value;
    const total = this.#variance + sd * sd;
    const gain = this.#variance / total;
    const rateGain = this.#covariance / total;
    this.value += gain * innovation;
    this.rate += rateGain * innovation;
    this.#rateVariance -= rateGain * this.#covariance;
    this.#covariance *= 1 - gain;
    this.#variance *= 1 - gain;
  }

  /** Squared distance of a measurement in standard deviations. */
  surprise(measured: number, sd: number): number {
    const innovation = measured - this.value;
    return (innovation * innovation) / (this.#variance + sd * sd);
  }
}

/**
 * A length without a rate (a random walk). Trackers that carry the rate of the size throw it away as soon as
 * the object is lost, because a box that is being covered seems to shrink; without it nothing has to be thrown away.
 */
class Length {
  #variance: number;

  constructor(public value: number) {
    this.#variance = (boxError * value) ** 2;
  }

  predict(dt: number): void {
    this.#variance += (sizeWalk * this.value) ** 2 * dt;
  }

  correct(measured: number, error: number): void {
    const gain = this.#variance / (this.#variance + (error * this.value) ** 2);
    this.value += gain * (measured - this.value);
    this.#variance *= 1 - gain;
  }
}

/**
 * Where a box is and where it will be: constant velocity of its centre, slowly changing width and height.
 * All noise is in units of the object's own size (as in SORT and its heirs), so near and far objects are alike;
 * and in time, not in frames, so the rate of the pictures may change.
 */
export class BoxFilter {
  readonly #aspect: number;
  readonly #x: Coordinate;
  readonly #y: Coordinate;
  readonly #width: Length;
  readonly #height: Length;

  /**
   * @param aspect of the picture, width / height
   * @param topSpeed how fast such an object may be (one standard deviation), in its own sizes a second
   */
  constructor(box: Box, aspect: number, topSpeed: number) {
    this.#aspect = aspect;
    this.#width = new Length(box[2] - box[0]);
    this.#height = new Length(box[3] - box[1]);
    const size = this.size;
    this.#x = new Coordinate((box[0] + box[2]) / 2, boxError * size, topSpeed * size);
    this.#y = new Coordinate((box[1] + box[3]) / 2, boxError * size * aspect, topSpeed * size * aspect);
  }

  /** Centre, fraction of the picture's width. */
  get x(): number {
    return this.#x.value;
  }

  /** Centre, fraction of the picture's height. */
  get y(): number {
    return this.#y.value;
  }

  /** Geometric mean of width and height, in picture widths. */
  get size(): number {
    return Math.sqrt((this.#width.value * this.#height.value) / this.#aspect);
  }

  /** Picture widths a second. */
  get speed(): number {
    return Math.hypot(this.#x.rate, this.#y.rate / this.#aspect);
  }

  /** @param dt seconds */
  predict(dt: number): void {
    const walk = velocityWalk * this.size;
    this.#x.predict(dt, walk);
    this.#y.predict(dt, walk * this.#aspect);
    this.#width.predict(dt);
    this.#height.predict(dt);
  }

  /** An object that stands still must not drift away while nobody sees it. */
  halt(): void {
    this.#x.rate = 0;
    this.#y.rate = 0;
  }

  /**
   * A surer detection counts for more (as in StrongSORT's "NSA" filter). Of an object that the picture's edge cuts, the
   * box tells less than it seems to: its length may be more, and its centre is beyond where it looks.
   */
  correct(box: Box, score: number, covered = 0): void {
    const error = boxError * (1 - score / 2) * (1 + coveredError * covered);
    const sd = error * this.size;
    const width = wholeLength(box[0], box[2], this.#width.value);
    const height = wholeLength(box[1], box[3], this.#height.value);
    this.#x.correct(wholeCentre(box[0], box[2], width), sd);
    this.#y.correct(wholeCentre(box[1], box[3], height), sd * this.#aspect);
    this.#width.correct(width, error);
    this.#height.correct(height, error);
  }

  /**
   * Squared Mahalanobis distance between the centre and that of `box`: chi-squared with two degrees of freedom.
   *
   * @param most where it is more, less of it may be returned, but not less than this: most boxes are far off
   */
  surprise(box: Box, most = Number.POSITIVE_INFINITY): number {
    const sd = boxError * this.size;
    const across = this.#x.surprise((box[0] + box[2]) / 2, sd);
    return across > most ? across : across + this.#y.surprise((box[1] + box[3]) / 2, sd * this.#aspect);
  }

  /** Writes the box into `out`; it may reach beyond the picture. */
  boxInto(out: Box): Box {
    const { value: x } = this.#x;
    const { value: y } = this.#y;
    const w = this.#width.value / 2;
    const h = this.#height.value / 2;
    out[0] = x - w;
    out[1] = y - h;
    out[2] = x + w;
    out[3] = y + h;
    return out;
  }
}

/** The length of an object of which the picture shows `low` to `high` and that was `known` long: no shorter if it is cut. */
function wholeLength(low: number, high: number, known: number): number {
  return low < atEdge || high > 1 - atEdge ? Math.max(high - low, known) : high - low;
}

/** The centre of an object that is `length` long; what is missing is beyond the edge. */
function wholeCentre(low: number, high: number, length: number): number {
  if (low < atEdge && high <= 1 - atEdge) return high - length / 2;
  if (high > 1 - atEdge && low >= atEdge) return low + length / 2;
  return (low + high) / 2;
}
