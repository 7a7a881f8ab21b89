/** Media time that jumps further than this is not a gap but another clock, milliseconds. */
const jumpMs = 10_000;

/**
 * A time line without leaps for what a live source says of its pictures. A camera sets its clock while it streams, or
 * gives no time stamps at all; what counts on media time (the rate limit) would wait for an hour that has already been.
 * Where the time stamps go back, stand still or leap, the time that has passed here takes their place.
 */
export class MediaClock {
  /** How often the time stamps went back or leapt. */
  jumps = 0;
  #media: number | undefined;
  #arrival = 0;
  #steady = 0;

  /**
   * @param mediaMs the picture's time stamp, milliseconds
   * @param nowMs when it came, on a monotonic clock, milliseconds
   * @returns milliseconds since the first picture, always more than the last time
   */
  steady(mediaMs: number, nowMs: number): number {
    const step = mediaMs - (this.#media ?? mediaMs);
    const passed = nowMs - this.#arrival;
    if (this.#media !== undefined) {
      const isPlausible = step > 0 && (step < jumpMs || step < 2 * passed);
      if (!isPlausible && step !== 0) this.jumps += 1;
      this.#steady += isPlausible ? step : Math.max(passed, Number.EPSILON);
    }
    this.#media = mediaMs;
    this.#arrival = nowMs;
    return this.#steady;
  }
}
