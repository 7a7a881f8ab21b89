/**
 * CLOCK_MONOTONIC, milliseconds. Unlike `performance.now()` it has the same zero in every thread and process. It is read
 * several times a picture, so no BigInt is made for it; a fraction of a second in nanoseconds is exact in a number.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** When something was captured, on both clocks. */
export interface CaptureTime {
  /** {@link monotonicMs}, milliseconds. */
  monotonicMs: number;
  /** UTC, milliseconds since the epoch. */
  utcMs: number;
}

export function captureTimeNow(): CaptureTime {
  return { monotonicMs: monotonicMs(), utcMs: Date.now() };
}
