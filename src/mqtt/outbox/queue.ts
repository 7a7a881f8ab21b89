import type { Gap } from '../../contract/event.js';
import type { Segment, StoredEvent } from './segment.js';

/** An event with its number, or numbers that will not come, in its place among the events of all cameras. */
export interface OutboxEntry {
  readonly record: StoredEvent | { gap: Gap };
  /** Of a gap, the event that shows it. */
  next?: Entry | undefined;
}

/** An event that the broker does not have yet. */
export interface Entry {
  readonly camera: string;
  readonly seq: number;
  /** Where it is stored; without a segment it is in memory only. */
  segment?: Segment | undefined;
  offset: number;
  readonly bytes: number;
  /** Undefined if it has to be read from the segment. */
  record: OutboxEntry['record'] | undefined;
  /** `unsafe`: not to be taken before it is on the disk itself. */
  state: 'unsafe' | 'waiting' | 'taken' | 'acknowledged';
  /** The gap before it is not acknowledged. */
  hasOpenGap?: boolean;
}

/**
 * The events that the broker does not have, in order, and what is handed out of them. Gaps are not in it: the numbers of
 * a camera have none, so whatever took an event away, the next one shows it.
 */
export class Queue {
  entries: Entry[] = [];
  /** Of all entries. */
  waiting = 0;
  bytes = 0;
  /** By camera: the last number that was given, and that is acknowledged with all before it. */
  readonly last = new Map<string, number>();
  readonly acknowledged = new Map<string, number>();
  /** By camera, the last number that was taken in this session. */
  readonly #taken = new Map<string, number>();
  /** Gaps that were taken and that no event followed. */
  readonly #lastGaps = new Map<string, OutboxEntry>();
  /** No entry before it is waiting. */
  #cursor = 0;

  /** @param now UTC in ms */
  constructor(readonly now: () => number) {}

  /** Entries that were not taken. */
  get ahead(): number {
    return this.entries.length - this.#cursor;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.waiting++;
    this.bytes += entry.bytes;
    if (entry.segment !== undefined) entry.segment.waiting++;
    const gap = this.#lastGaps.get(entry.camera);
    if (gap === undefined) return;
    gap.next = entry;
    entry.hasOpenGap = true;
    this.#lastGaps.delete(entry.camera);
  }

  /** The next entry. @param unreadable is told of an event that its segment has lost; it removes it */
  peek(unreadable: (entry: Entry) => void): OutboxEntry | undefined {
    while (this.#cursor < this.entries.length) {
      const entry = this.entries[this.#cursor] as Entry;
      const { camera, seq, state, segment } = entry;
      if (state === 'unsafe') return undefined;
      if (state === 'waiting') {
        entry.record ??= segment?.event(entry.offset, entry.bytes);
        const next = this.#takenOf(camera) + 1;
        if (entry.record === undefined) unreadable(entry);
        else return seq > next ? this.#gap(camera, next, seq - 1, entry) : (entry as OutboxEntry);
      } else if (entry.hasOpenGap && this.#takenOf(camera) < seq - 1) {
        return this.#gap(camera, this.#takenOf(camera) + 1, seq - 1, entry); // after a rewind
      } else {
        this.#take(camera, seq);
        this.#cursor++;
      }
    }
    for (const [camera, last] of this.last) {
      const next = this.#takenOf(camera) + 1;
      if (next <= last) return this.#gap(camera, next, last); // and no event follows
    }
    return undefined;
  }

  take(entry: OutboxEntry): void {
    if (isStored(entry)) {
      entry.state = 'taken';
      this.#take(entry.camera, entry.seq);
    } else if ('gap' in entry.record) {
      if (entry.next !== undefined) entry.next.hasOpenGap = true;
      else this.#lastGaps.set(entry.record.gap.camera, entry);
      this.#take(entry.record.gap.camera, entry.record.gap.to);
    }
  }

  /** @returns an entry that leaves the queue by that */
  acknowledge(entry: OutboxEntry): Entry | undefined {
    const { record } = entry;
    if (isStored(entry)) {
      const isNew = entry.state === 'taken';
      entry.state = 'acknowledged';
      return isNew ? entry : undefined;
    }
    if (entry.next !== undefined) entry.next.hasOpenGap = false;
    else if ('gap' in record && !this.entries.some(({ camera }) => camera === record.gap.camera)) {
      this.acknowledged.set(record.gap.camera, record.gap.to);
      this.#lastGaps.delete(record.gap.camera);
    }
    return undefined;
  }

  /** A taken event becomes a gap, and comes next. @returns undefined if it is none */
  reject(entry: OutboxEntry): Entry | undefined {
    if (!isStored(entry) || entry.state !== 'taken' || 'gap' in entry.record) return undefined;
    entry.record = this.#gap(entry.camera, entry.seq, entry.seq).record;
    entry.state = 'waiting';
    this.#cursor = 0;
    return entry;
  }

  rewind(): void {
    for (const entry of this.entries) if (entry.state === 'taken') entry.state = 'waiting';
    this.#cursor = 0;
    this.#taken.clear();
    this.#lastGaps.clear();
  }

  /** Forgets what is acknowledged with all before it. */
  settle(): void {
    const waiting = this.entries.findIndex(({ state, hasOpenGap }) => state !== 'acknowledged' || hasOpenGap);
    const settled = this.entries.splice(0, waiting < 0 ? this.entries.length : waiting);
    for (const { camera, seq } of settled) this.acknowledged.set(camera, seq);
    this.#cursor = Math.max(0, this.#cursor - settled.length);
  }

  /** Events that are given up. */
  remove(entries: ReadonlySet<Entry>): void {
    const gaps = new Set<string>();
    this.entries = this.entries.filter((entry) => {
      if (entries.has(entry)) {
        gaps.add(entry.camera);
        return false;
      }
      if (gaps.delete(entry.camera) && entry.state === 'acknowledged') entry.hasOpenGap = true;
      return true;
    });
    this.#cursor = 0;
  }

  #takenOf(camera: string): number {
    return Math.max(this.#taken.get(camera) ?? 0, this.acknowledged.get(camera) ?? 0);
  }

  #take(camera: string, to: number): void {
    this.#taken.set(camera, Math.max(to, this.#takenOf(camera)));
  }

  #gap(camera: string, from: number, to: number, next?: Entry): OutboxEntry {
    return { record: { gap: { type: 'gap', camera, from, to, at: new Date(this.now()).toISOString() } }, next };
  }
}

/** Not to be given up: taken, or about to be; or taken, rejected, and to be told as a gap. */
export function isOnWay({ state, record }: Entry): boolean {
  return state === 'taken' || state === 'unsafe' || (record !== undefined && 'gap' in record);
}

function isStored(entry: OutboxEntry): entry is OutboxEntry & Entry {
  return 'state' in entry;
}
