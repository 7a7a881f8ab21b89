import type { Distribution, Histogram } from '../contract/benchmark.js';

/** A percentile is told only where enough samples lie beyond it (MLPerf Inference asks for 662 for p99). */
const leastSamples = { 0.5: 1, 0.9: 64, 0.99: 662 } as const;
export type Percentile = keyof typeof leastSamples;

/** `sorted[floor(n·p)]`, nothing interpolated or clipped; null where the samples are too few to tell. */
export function percentile(sorted: readonly number[], p: Percentile): number | null {
  return sorted.length < leastSamples[p] ? null : quantile(sorted, p);
}

/** The same without the rule, for the spread of a few rounds. */
export function quantile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

export function sortUp(samples: readonly number[]): number[] {
  return samples.toSorted((a, b) => a - b);
}

export function distribution(samples: readonly number[]): Distribution {
  const sorted = sortUp(samples);
  return {
    samples: sorted.length,
    mean: sorted.length === 0 ? null : sum(sorted) / sorted.length,
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
  };
}

/**
 * @param bins of equal width from the least sample to twice the median's distance beyond the 99th percentile; what is
 * above lies in the last one
 */
export function histogram(samples: readonly number[], bins = 48): Histogram {
  const sorted = sortUp(samples);
  const from = sorted[0] ?? 0;
  const top = Math.max(quantile(sorted, 0.99) || 0, from);
  const step = Math.max((top - from) * 1.05, from * 1e-3, 1e-6) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const sample of sorted) {
    const bin = Math.min(bins - 1, Math.floor((sample - from) / step));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { from, step, counts };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
