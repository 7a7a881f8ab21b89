/**
 * Upper bounds of the buckets of a histogram of durations, milliseconds; each is about 1.4 times the one before, so a
 * percentile that is read from them is right to within a fifth. What is longer than the last falls into one more bucket.
 */
export const durationBounds = [
  0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 181, 256, 362, 512, 724, 1024, 2048, 4096,
] as const;

/** How many durations fell into each bucket, and their sum, milliseconds. Both only count up. */
export interface DurationCounts {
  counts: number[];
  sumMs: number;
}

export function noDurations(): DurationCounts {
  return { counts: new Array<number>(durationBounds.length + 1).fill(0), sumMs: 0 };
}

export function addDuration(to: DurationCounts, ms: number): void {
  let bucket = durationBounds.findIndex((bound) => ms <= bound);
  if (bucket < 0) bucket = durationBounds.length;
  to.counts[bucket] = (to.counts[bucket] ?? 0) + 1;
  to.sumMs += ms;
}

/** What was counted between two looks. Whoever counts anew since then (another engine) has counted all of it since. */
export function durationsSince(now: DurationCounts, before: DurationCounts | undefined): DurationCounts {
  const isNew = before === undefined || now.counts.some((count, i) => count < (before.counts[i] ?? 0));
  if (isNew) return now;
  const counts = now.counts.map((count, i) => count - (before.counts[i] ?? 0));
  return { counts, sumMs: now.sumMs - before.sumMs };
}

/**
 * A percentile from buckets, evenly spread within its bucket, as Prometheus' `histogram_quantile` has it.
 *
 * @param part 0..1
 * @returns milliseconds; null if nothing was counted; the last bound where it lies beyond
 */
export function percentileOf({ counts }: DurationCounts, part: number): number | null {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const rank = part * all;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (below + count >= rank && count > 0) {
      const last = durationBounds.at(-1) ?? 0;
      const from = i === 0 ? 0 : (durationBounds[i - 1] ?? last);
      const to = durationBounds[i] ?? last;
      return from + ((to - from) * Math.max(0, rank - below)) / count;
    }
    below += count;
  }
  return durationBounds.at(-1) ?? null;
}
