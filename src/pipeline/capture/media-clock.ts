/** Media time that jumps further than this is not a gap but another clock, milliseconds. */
const jumpMs = 10_000;
/** Two pictures are never at the same time, milliseconds. */
const leastMs = 0.001;

/**
 * A time line without jumps for what a source says of its pictures; files and live sources have the same. A camera sets
 * its clock while it streams; two recordings are joined into one file; some say no times at all. Whoever counts on media
 * time (the rate limit, the sleep until a file's picture is due) would wait for an hour that has already been. Where
 * the time stamps are missing, go back, stand still or jump, what has passed otherwise takes their place.
 */
export class MediaClock {
  /** How often the time stamps went back or jumped. */
  jumps = 0;
  #now: number | undefined;
  /** What is added to a time stamp, milliseconds; undefined until there is one. */
  #offset: number | undefined;

  /**
   * @param stampMs the picture's time stamp, milliseconds; undefined if it has none
   * @param passedMs since the picture before, as far as is known without time stamps: of a live source by a monotonic
   *   clock, of a file the time for which the picture before is shown; milliseconds
   * @returns milliseconds since the first picture, always more than the last time
   */
  at(stampMs: number | undefined, passedMs: number): number {
    const step =
      stampMs === undefined || this.#offset === undefined || this.#now === undefined
        ? undefined
        : stampMs + this.#offset - this.#now;
    const isPlausible = step !== undefined && step >= leastMs && (step < jumpMs || step < 2 * passedMs);
    if (!isPlausible && step !== undefined && Math.abs(step) >= leastMs) this.jumps += 1;
    this.#now = this.#now === undefined ? 0 : this.#now + (isPlausible ? step : Math.max(passedMs, leastMs));
    if (!isPlausible && stampMs !== undefined) this.#offset = this.#now - stampMs;
    return this.#now;
  }
}
