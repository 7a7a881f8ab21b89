/** What is limited: °C of the chip, watts of the board, per cent of one core. */
export type LimitName = 'temperature' | 'watts' | 'cpu';

/**
 * All limits are held by the same arithmetic, in points: one is 1 °C, or 3 % of a limit in watts or of a core, which is
 * about what one degree is worth on a board that is some 30 degrees above the air around it.
 */
const relativePoint = 0.03;

/** While the value is so far below its limit the load stays as it is. Points; wider than what one step of it makes. */
const hold = { nearest: 0.3, farthest: 2.2 };
/** The filtered value has moved when it did by this much; less is taken for noise. Points. */
const backlash = 0.6;
/** Time constant of the filter against noise, seconds: a chip settles in a few, its case in minutes. */
const filterSeconds = { least: 10, most: 120 };
/** It is as slow as leaves noise of this, standard deviation in points, … */
const quiet = 0.25;
/** … which is taken from the differences of values that follow each other, over so many seconds. */
const noiseSeconds = 300;
/** More than so many times the mean square at once is no noise but a change, which must not make the filter slow. */
const jump = 9;
/** So much may be seen at once, mean square, points: alone it leaves the filter as fast as it can be. */
const leastNoise = 10;
/** The load falls by so much for each point that the value rises outside of `hold`, at once … */
const proportional = 0.04;
/** … and by so much a second for each point that it is outside; the reciprocal of their ratio is the slower answer's time. */
const integral = 0.0006;
/** Above the limit itself the slower answer is so many times as fast. */
const urgency = 4;
/** Room below the limit beyond this counts as this much: far from it, all boards are driven up alike. Points. */
const farthest = 20;

/** One limit and the filtered value that it holds. Knows nothing of other limits, and keeps no sum: it proposes steps. */
export class Budget {
  /** Filtered; undefined until there was a value. */
  value: number | undefined;
  #limit: number;
  /** Follows the filtered value with play, so that noise does not move it. */
  #moved: number | undefined;
  /** The last value as it came, and the mean square of its noise. Points. */
  #points: number | undefined;
  #noise = 0;

  constructor(
    readonly name: LimitName,
    limit: number,
  ) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A limit that turned out to be too high. It is never raised. */
  lower(limit: number): void {
    this.#limit = Math.min(this.#limit, limit);
  }

  /** Whether the value is above the limit, not only near it. */
  get isOver(): boolean {
    return this.value !== undefined && this.value > this.#limit;
  }

  /**
   * The change of load that this limit asks for or allows.
   *
   * @param value what the sensor says; null where it says nothing: what can't be seen must not be loaded more
   * @param seconds since the last call
   */
  step(value: number | null, seconds: number): number {
    if (value === null) return 0;
    const point = this.name === 'temperature' ? 1 : relativePoint * this.#limit;
    const before = this.value ?? value;
    const now = before + (value - before) * (1 - Math.exp(-seconds / this.#filterSeconds(value / point, seconds)));
    this.value = now;
    const moved = this.#moved ?? now;
    this.#moved = Math.max(now - backlash * point, Math.min(now + backlash * point, moved));
    const roomOf = (value: number) => (this.#limit - value) / point;
    const room = roomOf(now);
    const beyond = room > hold.farthest ? Math.min(room - hold.farthest, farthest) : Math.min(0, room - hold.nearest);
    const gain = this.isOver ? urgency * integral : integral;
    const rise = outsideHold(roomOf(moved)) - outsideHold(roomOf(this.#moved));
    return -proportional * rise + gain * beyond * seconds;
  }

  /** The noise of a core's use is many times that of a chip's warmth. @param points the value */
  #filterSeconds(points: number, seconds: number): number {
    const step = points - (this.#points ?? points);
    this.#points = points;
    const square = Math.min((step * step) / 2, Math.max(jump * this.#noise, leastNoise));
    this.#noise += (square - this.#noise) * (1 - Math.exp(-seconds / noiseSeconds));
    const wanted = (this.#noise * seconds) / (2 * quiet ** 2);
    return Math.min(filterSeconds.most, Math.max(filterSeconds.least, wanted));
  }
}

/** Room without the way through `hold`, where nothing moves: what a step of the load warms is no reason to take it back. */
function outsideHold(room: number): number {
  return room > hold.farthest ? room - (hold.farthest - hold.nearest) : Math.min(room, hold.nearest);
}
