export function sortUp(samples: readonly number[]): number[] {
  return samples.toSorted((a, b) => a - b);
}

/** `sorted[floor(n·p)]`, nothing interpolated or clipped; NaN of nothing. @param p 0..1 */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}
