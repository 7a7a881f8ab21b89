import type { Gap } from '../contract/event.js';
import { createGap, span } from './gap.js';
import type { OutboxRecord } from './outbox-database.js';
import type { SequenceFile } from './sequence-file.js';

/** Empty places remembered at once; a hole that finds none left is not told of until the next start. */
const maxFree = 10_000;

export interface Recovered {
  /** The last number of each camera. */
  last: Map<string, number>;
  /** What to tell of, and where it stands. */
  gaps: Map<number, Gap>;
  /** The first place behind everything. */
  nextKey: number;
}

/**
 * Is shown the outbox that the last run left, entry by entry in order, and finds out what is missing from it: a hole
 * inside the numbers of a camera, and numbers at either end that a damaged or power-cut disk may have swallowed.
 */
export class OutboxRecovery {
  readonly #now: () => number;
  readonly #cameras = new Map<string, { first: number; last: number }>();
  /** Places between entries whose entry is gone, in order. */
  readonly #free: number[] = [];
  readonly #gaps = new Map<number, Gap>();
  #firstKey: number | undefined;
  #lastKey: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The entry at `key`; in order of keys. */
  add(key: number, record: OutboxRecord): void {
    for (let missing = Math.max((this.#lastKey ?? key) + 1, key - maxFree); missing < key; missing++) {
      this.#free.push(missing);
    }
    if (this.#free.length > maxFree) this.#free.splice(0, this.#free.length - maxFree);
    this.#firstKey ??= key;
    this.#lastKey = key;

    const { camera, from, to } = span(record);
    const seen = this.#cameras.get(camera);
    if (seen === undefined) {
      this.#cameras.set(camera, { first: from, last: to });
      return;
    }
    // The newest empty place lies behind the last entry of this camera: what is missing stood there.
    const place = from > seen.last + 1 ? this.#free.pop() : undefined;
    if (place !== undefined) this.#gaps.set(place, createGap(camera, seen.last + 1, from - 1, this.#now()));
    seen.last = Math.max(seen.last, to);
  }

  /**
   * @param stored the last numbers by the database itself
   * @param file the last numbers by the file
   * @param damaged the database lost entries, which may have stood before the first or after the last
   * @param trusted the count goes on above `stored`; otherwise above `file`
   * @param nextKey the first place behind all entries
   */
  finish(options: {
    stored: ReadonlyMap<string, number>;
    file: SequenceFile;
    damaged: boolean;
    trusted: boolean;
    nextKey: number;
  }): Recovered {
    const { stored, file, damaged, trusted } = options;
    let nextKey = options.nextKey;
    let before = (this.#firstKey ?? nextKey) - 1;
    const last = new Map<string, number>();
    for (const camera of new Set([...stored.keys(), ...this.#cameras.keys(), ...file.cameras])) {
      const seen = this.#cameras.get(camera);
      const known = Math.max(stored.get(camera) ?? 0, seen?.last ?? 0);
      const end = trusted ? known : Math.max(known, file.reserved(camera));
      last.set(camera, end);
      if (damaged && seen !== undefined && seen.first > 1) {
        this.#gaps.set(before--, createGap(camera, 1, seen.first - 1, this.#now()));
      }
      // Without an entry left, nothing tells which of a damaged database's were still waiting.
      const from = damaged ? (seen?.last ?? 0) + 1 : known + 1;
      if (end >= from) this.#gaps.set(nextKey++, createGap(camera, from, end, this.#now()));
    }
    return { last, gaps: this.#gaps, nextKey };
  }
}
