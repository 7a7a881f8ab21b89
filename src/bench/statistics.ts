import type { Distribution, Histogram } from '../contract/benchmark.js';
import { percentile, sortUp } from '../timing/percentile.js';

/** A percentile is told only where enough samples lie beyond it (MLPerf Inference asks for 662 for p99). */
const leastSamples = { 0.5: 1, 0.9: 64, 0.99: 662 } as const;

/** Null where the samples are too few to tell. */
export function provenPercentile(sorted: readonly number[], p: keyof typeof leastSamples): number | null {
  return sorted.length < leastSamples[p] ? null : percentile(sorted, p);
}

export function distribution(samples: readonly number[]): Distribution {
  const sorted = sortUp(samples);
  return {
    samples: sorted.length,
    mean: sorted.length === 0 ? null : sum(sorted) / sorted.length,
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    p50: provenPercentile(sorted, 0.5),
    p90: provenPercentile(sorted, 0.9),
    p99: provenPercentile(sorted, 0.99),
  };
}

/**
 * @param bins of equal width from the least sample to twice the median's distance beyond the 99th percentile; what is
 * above lies in the last one
 */
export function histogram(samples: readonly number[], bins = 48): Histogram {
  const sorted = sortUp(samples);
  const from = sorted[0] ?? 0;
  const top = Math.max(percentile(sorted, 0.99) || 0, from);
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
