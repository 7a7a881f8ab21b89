/** A percentile is only told where enough samples lie beyond it (MLPerf Inference's rule of thumb for p99). */
const leastSamples: Record<number, number> = { 0.5: 1, 0.9: 64, 0.99: 662 };

/** `sorted[floor(n·p)]` without interpolation or trimming; `n too small` where it would mean nothing. */
export function percentile(samples: readonly number[], p: 0.5 | 0.9 | 0.99): string {
  if (samples.length < (leastSamples[p] ?? 0)) return 'n too small';
  const sorted = samples.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length * p)] ?? Number.NaN).toFixed(3);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
