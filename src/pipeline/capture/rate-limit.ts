/**
 * Chooses which pictures of a stream are analysed so that on average no more than `fps` a second are: of a stream of
 * 12.5 pictures a second four of five at 10 fps, with no drift.
 */
export class RateLimit {
  #nextMs = 0;
  #fps: number;

  constructor(fps: number) {
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
    return mediaMs >= this.#nextMs - tolerance;
  }

  /** The picture was analysed; the next one is due a period later. */
  taken(mediaMs: number): void {
    const period = 1000 / this.#fps;
    // After a gap the schedule starts anew: no burst to catch up.
    this.#nextMs = mediaMs - this.#nextMs > period ? mediaMs + period : this.#nextMs + period;
  }

  /** Media time starts over. */
  reset(): void {
    this.#nextMs = 0;
  }
}
