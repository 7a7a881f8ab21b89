/** CLOCK_MONOTONIC, milliseconds. Unlike performance.now(), it has the same zero in every thread and process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
