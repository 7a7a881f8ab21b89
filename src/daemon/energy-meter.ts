/** Readings further apart than this are not connected: the board slept, or the sensor was gone. Milliseconds. */
const longestGapMs = 30_000;

/** Adds up what a power sensor says, by the trapezoid rule. */
export class EnergyMeter {
  /** Since the first reading; undefined as long as there is none. */
  joules: number | undefined;
  #last: { watts: number; atMs: number } | undefined;

  /**
   * @param watts null: not known now
   * @param atMs on a clock that only goes up
   */
  read(watts: number | null, atMs: number): void {
    if (watts === null) {
      this.#last = undefined;
      return;
    }
    const gapMs = this.#last === undefined ? Number.POSITIVE_INFINITY : atMs - this.#last.atMs;
    const more = gapMs <= longestGapMs ? ((watts + (this.#last?.watts ?? watts)) / 2) * (gapMs / 1000) : 0;
    this.joules = (this.joules ?? 0) + more;
    this.#last = { watts, atMs };
  }
}
