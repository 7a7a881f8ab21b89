import type { StateError } from '../contract/errors.js';
import { OutboxAge } from './outbox-age.js';
import type { OutboxEntry, OutboxRecord } from './outbox-database.js';
import * as errors from './outbox-error.js';
import type { OutboxQueue } from './outbox-queue.js';

/** What may wait in memory while the disk takes nothing. */
const memoryEvents = 5_000;
const memoryBytes = 4 * 1024 * 1024;

export interface LimitOptions {
  directory: string;
  maxEvents: number;
  maxBytes: number;
  /** Milliseconds; none where it is infinite. */
  maxAgeMs: number;
  /** UTC in ms. */
  now: () => number;
  monotonic: () => number;
}

/** Gives up what an outbox can't keep: the oldest events, each of them counted, with one warning for all of them. */
export class OutboxLimits {
  /** Events given up so far. */
  dropped = 0;
  readonly #options: LimitOptions;
  readonly #queue: OutboxQueue;
  readonly #warn: (error: StateError) => void;
  readonly #age: OutboxAge;
  /** Entries below are too old. */
  #expired = 0;
  #fullTold = false;
  #ageTold = false;

  constructor(options: LimitOptions, queue: OutboxQueue, warn: (error: StateError) => void) {
    this.#options = options;
    this.#queue = queue;
    this.#warn = warn;
    this.#age = new OutboxAge(options.maxAgeMs, options.now(), options.monotonic());
  }

  get isFull(): boolean {
    return this.#queue.count > this.#options.maxEvents || this.#queue.bytes > this.#options.maxBytes;
  }

  get isTooOld(): boolean {
    return this.#queue.cursor < this.#expired;
  }

  /** Events that may wait in memory at most. */
  get memoryEvents(): number {
    return Math.min(this.#options.maxEvents, memoryEvents);
  }

  /** An entry that an earlier run left; in order of keys. */
  found(key: number, record: OutboxRecord): void {
    this.#age.found(key, record);
  }

  /** Time has passed. */
  look(): void {
    this.#expired = Math.max(this.#expired, this.#age.expiredBefore(this.#queue.next, this.#options.monotonic()));
  }

  /** The broker takes events: what is too old from now on is news. */
  acknowledged(): void {
    this.#ageTold = false;
  }

  /** There is room again: what is given up from now on is news. */
  written(): void {
    const { maxEvents, maxBytes } = this.#options;
    if (this.#queue.count < maxEvents / 2 && this.#queue.bytes < maxBytes / 2) this.#fullTold = false;
  }

  /** Gives up the oldest that are not on their way, until the bounds hold. @param oldest some of them, read from disk */
  async bound(oldest: () => Promise<Iterable<OutboxEntry>>): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; this.isFull && this.#queue.count < before; ) {
      before = this.#queue.count;
      this.#dropExcess(await oldest(), () => !this.isFull);
    }
  }

  /** The disk takes nothing: gives up what memory can't hold. */
  boundMemory(): void {
    const fits = () => {
      let [events, bytes] = [0, 0];
      for (const entry of this.#queue.unwritten) {
        events++;
        bytes += entry.bytes;
      }
      return events <= this.memoryEvents && bytes <= Math.min(this.#options.maxBytes, memoryBytes);
    };
    if (!fits()) this.#dropExcess(this.#queue.unwritten, fits);
  }

  /** Gives up what is too old and not on its way, as much of it as there is among the oldest. */
  expire(oldest: Iterable<OutboxEntry>): void {
    const { directory, maxAgeMs } = this.#options;
    const dropped = this.#drop(oldest, ({ key }) => key >= this.#expired);
    if (dropped === 0) this.#expired = 0;
    else if (!this.#ageTold) this.#warn(errors.tooOld(directory, maxAgeMs));
    this.#ageTold ||= dropped > 0;
  }

  #dropExcess(candidates: Iterable<OutboxEntry>, enough: () => boolean): void {
    // Never the newest: it is what the outbox is for.
    const dropped = this.#drop(candidates, ({ key }) => key === this.#queue.next - 1 || enough());
    if (dropped === 0 || this.#fullTold) return;
    this.#fullTold = true;
    this.#warn(errors.full(this.#options.directory));
  }

  /** @returns how many events were given up */
  #drop(candidates: Iterable<OutboxEntry>, enough: (entry: OutboxEntry) => boolean): number {
    const dropped = this.#queue.giveUp(candidates, enough, this.#options.now());
    this.dropped += dropped;
    return dropped;
  }
}
