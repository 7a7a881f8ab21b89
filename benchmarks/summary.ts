import { distribution } from '../src/bench/statistics.js';
import { percentile as quantileOf, sortUp } from '../src/timing/percentile.js';

/** Three digits, or `n too small` where the samples are too few to tell. */
export function percentile(samples: readonly number[], p: 'p50' | 'p90' | 'p99'): string {
  return distribution(samples)[p]?.toFixed(3) ?? 'n too small';
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  return quantileOf(sortUp(values), 0.5);
}
