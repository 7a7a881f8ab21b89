import type { OutboxRecord } from './outbox-database.js';

/** How often is looked for what is too old, ms. */
export function ageStepOf(maxAgeMs: number): number {
  return Math.min(60_000, Math.max(10, maxAgeMs / 100));
}

/**
 * Knows about how long the entries of an outbox have waited. Time is the monotonic clock's: a board without a clock of
 * its own believes for a while that it is last week, and when the time is set right, nothing has grown a week older.
 * Only what an earlier run left is judged by its UTC time, once, at the start.
 *
 * Entries are in order of time, so a few marks tell: what stands before a mark is as old as the mark at least.
 */
export class OutboxAge {
  readonly #maxAgeMs: number;
  readonly #utcAtStart: number;
  readonly #monotonicAtStart: number;
  /** In order of both. */
  readonly #marks: { key: number; at: number }[] = [];

  /**
   * @param utc now, ms
   * @param monotonic now, ms
   */
  constructor(maxAgeMs: number, utc: number, monotonic: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#utcAtStart = utc;
    this.#monotonicAtStart = monotonic;
  }

  /** An entry that an earlier run left; in order of keys. */
  found(key: number, record: OutboxRecord): void {
    const utc = Date.parse('gap' in record ? record.gap.at : record.observation.capturedAt);
    const age = Math.max(0, this.#utcAtStart - utc);
    if (!Number.isFinite(age)) return;
    // Behind the entry: it is as old itself.
    this.#mark(key + 1, this.#monotonicAtStart - age);
  }

  /**
   * The key below which all is too old; 0 for none.
   *
   * @param next the key of the next entry
   * @param now on the monotonic clock, ms
   */
  expiredBefore(next: number, now: number): number {
    this.#mark(next, now);
    let expired = 0;
    while ((this.#marks[0]?.at ?? Number.POSITIVE_INFINITY) <= now - this.#maxAgeMs) {
      expired = this.#marks.shift()?.key ?? 0;
    }
    return expired;
  }

  #mark(key: number, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && at < last.at + ageStepOf(this.#maxAgeMs)) {
      // Too near to stand for itself. What came since waits for the next mark, and so for a step longer at most.
      if (at <= last.at) last.key = key;
      return;
    }
    this.#marks.push({ key, at });
  }
}
