/** An object that stays this near to one place … (in its own sizes) */
const stayRadius = 0.15;
/** … for this long is stationary, seconds. */
const staySeconds = 3;
/** It moves again when it is this far away … (in its own sizes; more than a half-covered box can shift) */
const leaveRadius = 0.35;
/** … for this long, seconds … */
const leaveSeconds = 0.4;
/** … or as soon as it is this far away. */
const farRadius = 0.7;

/**
 * Whether an object stands still. Judged by where it is and not by its speed, since the speed of a parked car is
 * the jitter of its box. Two radii and two times keep it from flickering.
 */
export class Stillness {
  stationary = false;
  #x: number;
  #y: number;
  #since: number;
  #awaySince: number | undefined;

  /** Place in picture widths, time in seconds. */
  constructor(x: number, y: number, seconds: number) {
    this.#x = x;
    this.#y = y;
    this.#since = seconds;
  }

  /** Stationary, and in its place when last seen; not about to leave it. */
  get atRest(): boolean {
    return this.stationary && this.#awaySince === undefined;
  }

  update(x: number, y: number, size: number, seconds: number): void {
    const distance = Math.hypot(x - this.#x, y - this.#y) / size;
    if (distance <= (this.stationary ? leaveRadius : stayRadius)) {
      this.#awaySince = undefined;
      this.stationary ||= seconds - this.#since >= staySeconds;
      return;
    }
    this.#awaySince ??= seconds;
    const leaving = distance > farRadius || seconds - this.#awaySince >= leaveSeconds;
    if (this.stationary && !leaving) return;
    this.stationary = false;
    this.#awaySince = undefined;
    this.#x = x;
    this.#y = y;
    this.#since = seconds;
  }
}
