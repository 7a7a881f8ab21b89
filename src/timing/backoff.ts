export interface BackoffOptions {
  /** Before the first retry, ms. */
  initialMs: number;
  /** Each delay is that many times the one before. */
  factor: number;
  /** No delay is longer, ms. */
  maxMs: number;
  /** 0..1: the part of a delay that is left to chance, so that a house full of boards does not knock in step. */
  jitter: number;
}

export const defaultBackoff: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 0.5 };

/**
 * The delays between attempts in ms, without end. Holds no timer: the caller waits, and starts over with a
 * new one after a success.
 *
 * @param random as `Math.random`
 */
export function* backoff(options: BackoffOptions, random: () => number): Generator<number, never> {
  const { initialMs, factor, maxMs, jitter } = options;
  for (let delay = initialMs; ; delay *= factor) {
    delay = Math.min(delay, maxMs);
    yield Math.round(delay * (1 - jitter * random()));
  }
}
