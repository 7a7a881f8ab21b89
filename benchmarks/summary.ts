import { distribution } from '../src/bench/statistics.js';

/** Three digits, or `n too small` where the samples are too few to tell. */
export function percentile(samples: readonly number[], p: 'p50' | 'p90' | 'p99'): string {
  return distribution(samples)[p]?.toFixed(3) ?? 'n too small';
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
