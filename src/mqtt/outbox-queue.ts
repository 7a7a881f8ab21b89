import type { Gap } from '../contract/event.js';
import { createGap, span } from './gap.js';
import type { OutboxEntry, OutboxRecord } from './outbox-database.js';

/** Entries held in memory so that the usual path never reads the disk. */
const cacheEntries = 256;
/** The first places stay free, for gaps that have to stand before the first entry. */
export const firstKey = 1_000_000;

/** What is to be written with one batch. */
export interface Unwritten {
  readonly puts: Map<number, OutboxEntry>;
  readonly dels: Set<number>;
  /** Entries below this key may be read once it is written. */
  readonly end: number;
}

/** What lies on disk when it is opened. */
export interface Lying {
  /** The place of the first entry; none where there is no entry. */
  oldest?: number;
  /** The place behind the last one. */
  next: number;
  count: number;
  bytes: number;
}

/**
 * The places of an outbox's entries, and what of them is in memory; it reads and writes nothing.
 *
 * ```
 *      taken: on their way          peek(), take()            append()
 *   ──┬─────────────────────────┬───────────────────────┬────────────────┬──▶ keys
 *   oldest                    cursor                 readable          next
 *     └ untake() removes        └ on disk; the nearest    └ not written yet
 *       rewind() begins again     ones in the cache, too
 * ```
 */
export class OutboxQueue {
  #cursor = firstKey;
  #readable = firstKey;
  #next = firstKey;
  /** In order of keys, as are the ones taken. */
  readonly #taken = new Set<number>();
  readonly #cache = new Map<number, OutboxEntry>();
  #puts = new Map<number, OutboxEntry>();
  #dels = new Set<number>();
  #count = 0;
  #bytes = 0;

  /** The oldest place that was not taken. */
  get cursor(): number {
    return this.#cursor;
  }

  /** The place of the next entry. */
  get next(): number {
    return this.#next;
  }

  /** Entries, on disk or not. */
  get count(): number {
    return this.#count;
  }

  /** As stored. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasUnwritten(): boolean {
    return this.#puts.size > 0 || this.#dels.size > 0;
  }

  /** What is in memory alone. */
  get unwritten(): Iterable<OutboxEntry> {
    return this.#puts.values();
  }

  /** Begins anew, behind all that may lie on a disk that can't be read yet. */
  startAt(key: number): void {
    this.#cursor = this.#readable = this.#next = key;
  }

  append(record: OutboxRecord): OutboxEntry {
    return this.insert(this.#next++, record);
  }

  insert(key: number, record: OutboxRecord): OutboxEntry {
    const entry = { key, record, bytes: Buffer.byteLength(JSON.stringify(record)) };
    this.#cache.set(key, entry);
    this.#dels.delete(key);
    this.#puts.set(key, entry);
    this.#count++;
    this.#bytes += entry.bytes;
    return entry;
  }

  /** The oldest entry that was not taken; `unread` where the disk has to be asked what stands there. */
  peek(): OutboxEntry | 'unread' | undefined {
    for (; this.#cursor < this.#readable; this.#cursor++) {
      const entry = this.#cache.get(this.#cursor);
      const taken = this.#taken.has(this.#cursor);
      if (entry !== undefined && !taken) return entry;
      if (!taken && !this.#dels.has(this.#cursor)) return 'unread';
    }
    return undefined;
  }

  /** An entry that was peeked at goes its way. */
  take({ key }: OutboxEntry): void {
    this.#taken.add(key);
    this.#cursor = key + 1;
  }

  /** Removes one that was taken. */
  untake(key: number): OutboxEntry | undefined {
    const entry = this.#taken.delete(key) ? this.#cache.get(key) : undefined;
    if (entry !== undefined) this.#remove(entry);
    return entry;
  }

  /** All that was taken comes again, in order. */
  rewind(): void {
    const [first] = this.#taken;
    if (first !== undefined) this.#cursor = first;
    this.#taken.clear();
  }

  /**
   * What was read from disk, from a place that was the cursor's.
   *
   * @param isAll nothing lies behind it
   */
  learn(from: number, entries: readonly OutboxEntry[], isAll: boolean): void {
    for (const entry of entries) {
      if (!this.#cache.has(entry.key) && !this.#dels.has(entry.key)) this.#cache.set(entry.key, entry);
    }
    if (this.#cursor !== from) return;
    // Places at which nothing stands are passed over, but never those that were not read.
    const last = isAll ? undefined : entries.at(-1);
    let nearest = last === undefined ? this.#readable : last.key + 1;
    for (const key of this.#cache.keys()) if (key >= from && key < nearest) nearest = key;
    this.#cursor = nearest;
  }

  /** What was read from disk as it is now, with all that is in memory. */
  known(entries: readonly OutboxEntry[]): Iterable<OutboxEntry> {
    const known = new Map(entries.map((entry) => [entry.key, entry]));
    for (const key of this.#dels) known.delete(key);
    for (const [key, entry] of this.#cache) known.set(key, entry);
    return known.values();
  }

  /**
   * Turns the oldest of `candidates` into one gap a camera, which stands in the place of its last event. What is on its
   * way stays.
   *
   * @param at UTC in ms
   * @returns how many events were given up
   */
  giveUp(candidates: Iterable<OutboxEntry>, enough: (entry: OutboxEntry) => boolean, at: number): number {
    const gaps = new Map<string, OutboxEntry>();
    let events = 0;
    for (const entry of [...candidates].sort((a, b) => a.key - b.key)) {
      if (enough(entry)) break;
      if (entry.key < this.#cursor) continue; // on its way
      const { camera, from, to } = span(entry.record);
      const older = gaps.get(camera);
      if (older !== undefined) this.#remove(older);
      if ('observation' in entry.record) events++;
      this.#remove(entry);
      const gap = createGap(camera, older === undefined ? from : span(older.record).from, to, at);
      gaps.set(camera, this.insert(entry.key, { gap }));
    }
    return events;
  }

  /** Hands over what is to be written. */
  takeUnwritten(): Unwritten {
    const unwritten = { puts: this.#puts, dels: this.#dels, end: this.#next };
    this.#puts = new Map();
    this.#dels = new Set();
    return unwritten;
  }

  /** It stays to be written; what was asked for meanwhile is newer and wins. */
  putBack({ puts, dels }: Unwritten): void {
    const newer = { puts: this.#puts, dels: this.#dels };
    this.#puts = new Map([...[...puts].filter(([key]) => !newer.dels.has(key)), ...newer.puts]);
    this.#dels = new Set([...[...dels].filter((key) => !newer.puts.has(key)), ...newer.dels]);
  }

  /** It is written, and need not be in memory any more. @returns whether more may be read than before */
  written({ puts, end }: Unwritten): boolean {
    if (this.#cache.size > cacheEntries) {
      for (const key of puts.keys()) if (!this.#taken.has(key) && !this.#puts.has(key)) this.#cache.delete(key);
    }
    return this.expose(end);
  }

  /** Entries below `end` may be read from now on, written or not. @returns whether these are more than before */
  expose(end = this.#next): boolean {
    if (end <= this.#readable) return false;
    this.#readable = end;
    return true;
  }

  /** What lies on disk is known now, and what is missing of it stands in `gaps`. @param next the place behind all of it */
  found({ oldest, count, bytes, next: behind }: Lying, gaps: ReadonlyMap<number, Gap>, next: number): void {
    this.#count += count;
    this.#bytes += bytes;
    this.#cursor = Math.min(oldest ?? behind, ...gaps.keys());
    if (this.#next < next) {
      this.#readable = behind;
      this.#next = next;
    }
    for (const [key, gap] of gaps) this.insert(key, { gap });
  }

  /** Damaged, or not there: they go with the next batch. */
  forget(keys: Iterable<number>): void {
    this.#dels = new Set(keys);
  }

  /** The disk has lost everything: what memory holds is to be written again. @returns it, in order */
  lostDisk(): OutboxEntry[] {
    const kept = [...this.#cache.values()].sort((a, b) => a.key - b.key);
    this.#dels.clear();
    this.#puts = new Map(kept.map((entry) => [entry.key, entry]));
    this.#count = kept.length;
    this.#bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    return kept;
  }

  /** Gaps that take the place of what the disk has lost. @param next the place behind all of it */
  fill(gaps: ReadonlyMap<number, Gap>, next: number): void {
    this.#next = next;
    for (const [key, gap] of gaps) this.insert(key, { gap });
    this.#cursor = Math.min(this.#cursor, ...gaps.keys());
  }

  #remove(entry: OutboxEntry): void {
    this.#cache.delete(entry.key);
    this.#puts.delete(entry.key);
    this.#dels.add(entry.key);
    this.#count--;
    this.#bytes -= entry.bytes;
  }
}
