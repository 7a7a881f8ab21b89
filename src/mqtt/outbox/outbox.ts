import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { StateError } from '../../contract/errors.js';
import type { Observation } from '../../contract/event.js';
import { lockDirectory } from '../directory-lock.js';
import { readLog, unsyncedEvents } from './log.js';
import type { OutboxEvents, OutboxOptions } from './options.js';
import { type Entry, isOnWay, type OutboxEntry, Queue } from './queue.js';
import { encode, type Numbers, Segment, type StoredEvent, segmentEvents } from './segment.js';
import { migrateVersion01 } from './version-0.1.js';

/** A segment is full at that size, `segmentEvents`, or a small part of the outbox's bounds: they go as a whole. */
const segmentBytes = 256 * 1024;
const partOfBounds = 1 / 32;
const partOfAge = 1 / 100;
/** Events that are in memory as well, so that the usual way never reads the disk. */
const rememberedEvents = 256;
/** What may wait in memory while the disk refuses: 2 to 4 MB. */
const memoryEvents = 5_000;
/** What was acknowledged is written with the next event, or after this time. */
const tidyMs = 100;

/** A disk that takes longer than this hangs, milliseconds. */
const hungMs = 30_000;

/**
 * Events on disk from the moment they happen until the broker has acknowledged them: a log of segments, and in memory
 * where each event lies. An event is written when `append` returns, and outlives the end of the process from there on.
 * While the disk refuses, events wait in memory, bounded, and can be taken all the same.
 *
 * Gaps are not stored: the numbers of a camera have none, so whatever took an event away, the next one shows it.
 */
export class Outbox extends EventEmitter<OutboxEvents> {
  /** Events given up since the start: the oldest of a full outbox, and those that the broker will never take. */
  dropped = 0;
  /** Names the numbering that `seq` belongs to: the same as long as any header can be read. */
  stream = randomBytes(6).toString('base64url');
  readonly #options: Required<OutboxOptions>;
  readonly #queue: Queue;
  /** By camera, the last number that was given. */
  readonly last: ReadonlyMap<string, number>;
  /** After which number a camera begins that nothing is known of. */
  #floor = 0;
  #boot = '';
  /** The last one is written to. */
  #segments: Segment[] = [];
  /** The newest events: in memory only; and not yet on the disk itself, though it is asked for. */
  #unwritten: Entry[] = [];
  readonly #unsafe: Entry[] = [];
  /** By camera, what was acknowledged, as it is written. */
  #tidied: Numbers = {};
  #open = false;
  #failed = false;
  /** Warnings that were given, and are no news. */
  readonly #told = new Set<string>();
  #syncing: Promise<void> | undefined;
  /** Since when the disk owes an answer, on the clock of `monotonic`. */
  #syncSince = 0;
  readonly #timers: Partial<Record<'retry' | 'tidy' | 'age', NodeJS.Timeout>> = {};
  #unlock: (() => Promise<void>) | undefined;

  constructor(options: OutboxOptions) {
    super();
    const defaults = { now: Date.now, monotonic: () => performance.now(), maxAgeMs: Number.POSITIVE_INFINITY };
    this.#options = { ...defaults, retryMs: 5_000, disk: fs, ...options };
    this.#queue = new Queue(this.#options.now);
    this.last = this.#queue.last;
  }

  /** False while the disk neither takes what was written nor refuses it. */
  get isWell(): boolean {
    return this.#syncing === undefined || this.#options.monotonic() - this.#syncSince < hungMs;
  }

  /** Events that the broker has not acknowledged. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * Opens what the last run left, damaged or not; if the disk is full, the outbox begins in memory.
   *
   * @throws StateError if the directory can't be used at all, or another daemon uses it
   */
  async start(): Promise<void> {
    const { directory, maxAgeMs } = this.#options;
    try {
      this.#boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
      const old = await migrateVersion01(directory);
      if (old?.error !== undefined) {
        const what = `of version 0.1 can't be read (${old.error}): it is kept as ${old.path}`;
        this.#warn('damaged', `${what}, and subscribers are told that its events are lost`, old.error);
      }
      await mkdir(directory, { recursive: true, mode: 0o700 });
      this.#unlock = await lockDirectory(directory);
      if (this.#unlock !== undefined) await this.#scan();
    } catch (error) {
      await this.#unlock?.();
      const why = `can't be used (${(error as Error).message}): make it writable for this user, or set`;
      throw this.#error('DIRECTORY', `${why} \`stateDirectory\``, error);
    }
    if (this.#unlock === undefined) {
      throw this.#error('OUTBOX_IN_USE', 'is in use by another daemon: stop that, or set another `stateDirectory`');
    }
    this.#open = true;
    await this.#recover();
    await this.#syncing;
    const stepMs = Math.min(60_000, Math.max(10, maxAgeMs * partOfAge));
    this.#timers.age = setInterval(() => this.#bound(), stepMs).unref();
  }

  /** Writes what is still in memory, and closes. What the disk does not take now is lost, and said to be. */
  async stop(): Promise<void> {
    if (!this.#open) return;
    if (this.#failed) await this.#recover();
    this.#open = false;
    await this.#syncing;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#tidy();
    const { length } = this.#unwritten;
    if (length > 0) this.#warn('lost', `could not take the last ${length} events before the end: they are lost`);
    try {
      if (!this.#failed) this.#rotate(true);
      for (const segment of this.#segments) await segment.sync(this.#options.disk);
    } catch {
      // If the end is not marked as clean, the next start is more careful.
    }
    for (const segment of this.#segments) segment.close();
    await this.#unlock?.();
  }

  /** Gives an event its number and takes it in. @returns the number */
  append(observation: Observation): number {
    if (!this.#open) throw new Error('the outbox is closed');
    if (this.#timers.tidy !== undefined) this.#tidy(); // after a kill, less comes again
    const { camera } = observation;
    const { last, acknowledged } = this.#queue;
    if (!last.has(camera)) acknowledged.set(camera, this.#floor);
    const seq = (last.get(camera) ?? this.#floor) + 1;
    last.set(camera, seq);
    const record = { seq, observation };
    const bytes = Buffer.byteLength(encode(record));
    const entry: Entry = { camera, seq, bytes, offset: 0, record, state: 'unsafe' };
    for (const list of [this.#queue, this.#unwritten, this.#unsafe]) list.push(entry);
    this.#write();
    return seq;
  }

  /** The oldest entry that was not taken, or nothing: then `readable` tells when there is. */
  peek(): OutboxEntry | undefined {
    return this.#queue.peek((entry) => {
      if (entry.segment !== undefined) entry.segment.damaged = true;
      this.#giveUp([entry], 'damaged');
    });
  }

  /** The same, and the next `peek` gives the one after it. */
  take(): OutboxEntry | undefined {
    const entry = this.peek();
    if (entry !== undefined) this.#queue.take(entry);
    return entry;
  }

  /** Taken, and acknowledged: it may go. */
  ack(entry: OutboxEntry): void {
    const gone = this.#queue.acknowledge(entry);
    if (gone !== undefined) this.#release(gone);
    this.#told.delete('old');
    if (this.#open) this.#timers.tidy ??= setTimeout(() => this.#tidy(), tidyMs);
  }

  /** Taken, but the broker will never have it: its number is told as a gap, and next. */
  reject(entry: OutboxEntry): void {
    const rejected = this.#queue.reject(entry);
    if (rejected === undefined) return;
    this.#unwritten = this.#unwritten.filter((other) => other !== rejected);
    this.dropped++;
    this.#signal();
  }

  /** All that was taken and not acknowledged comes again, in order. */
  rewind = () => this.#queue.rewind();

  /** The broker has it, or it is given up. */
  #release(entry: Entry): void {
    this.#queue.waiting--;
    this.#queue.bytes -= entry.bytes;
    if (entry.segment === undefined) this.#unwritten = this.#unwritten.filter((other) => other !== entry);
    else entry.segment.waiting--;
  }

  /** Writes what is in memory only; while the disk refuses, lets it be taken from there. */
  #write(): void {
    const { disk, fsync, monotonic } = this.#options;
    try {
      while (!this.#failed && this.#unwritten.length > 0) {
        const segment = this.#writable();
        const batch = this.#unwritten.slice(0, this.#segmentEvents - segment.events);
        let offset = segment.size;
        segment.append(disk, batch.map(({ record }) => encode(record as StoredEvent)).join(''));
        this.#unwritten.splice(0, batch.length);
        for (const entry of batch) {
          const isRemembered = entry.state === 'taken' || this.#queue.ahead <= rememberedEvents;
          Object.assign(entry, { segment, offset, ...(!isRemembered && { record: undefined }) });
          offset += entry.bytes;
        }
        segment.at = monotonic();
        segment.events += batch.length;
        segment.waiting += batch.length;
      }
    } catch (error) {
      this.#fail(error);
    }
    const { events = 0, synced } = this.#segments.at(-1) ?? {};
    const unsynced = synced === undefined ? Number.POSITIVE_INFINITY : events - synced;
    if (this.#failed || (!fsync && unsynced <= unsyncedEvents)) this.#makeReadable(this.#unsafe.splice(0));
    // Without `fsync` usually half of them are synced before anybody has to wait for it.
    if (!this.#failed && (fsync || unsynced > unsyncedEvents / 2)) this.#syncing ??= this.#sync();
    this.#bound();
  }

  get #segmentEvents(): number {
    return Math.max(1, Math.min(segmentEvents, Math.floor(this.#options.maxEvents * partOfBounds)));
  }

  /** The last segment if it has room, else a new one. @throws what the file system throws */
  #writable(): Segment {
    const { maxBytes, maxAgeMs, monotonic } = this.#options;
    const last = this.#segments.at(-1);
    const isFull =
      !last?.isOpen ||
      last.events >= this.#segmentEvents ||
      last.size >= Math.min(segmentBytes, maxBytes * partOfBounds) ||
      monotonic() - last.began > maxAgeMs * partOfAge;
    return isFull ? this.#rotate() : last;
  }

  /** Begins a new segment. @throws what the file system throws; nothing has changed then */
  #rotate(clean = false): Segment {
    const { directory, disk, monotonic } = this.#options;
    const before = this.#segments.at(-1);
    const segment = new Segment(directory, (before?.id ?? 0) + 1);
    const last = Object.fromEntries(this.#queue.last);
    const acknowledged = Object.fromEntries(this.#queue.acknowledged);
    const header = { version: 2, boot: this.#boot, stream: this.stream, clean, last, acknowledged } as const;
    segment.create(disk, header);
    segment.began = segment.at = monotonic();
    this.#segments.push(segment);
    this.#tidied = acknowledged;
    try {
      if (before?.isOpen && !this.#failed) before.append(disk, encode({ next: header }));
    } catch {
      // A copy, for the case that the header is damaged later.
    }
    return segment;
  }

  /** What is written by now may be taken when it is on the disk itself. */
  async #sync(): Promise<void> {
    do {
      const entries = this.#unsafe.splice(0);
      const open = this.#segments.filter(({ isOpen }) => isOpen);
      try {
        for (const segment of open) {
          this.#syncSince = this.#options.monotonic();
          await segment.sync(this.#options.disk);
        }
      } catch (error) {
        this.#fail(error);
      }
      for (const segment of open) if (segment !== this.#segments.at(-1)) segment.close();
      this.#makeReadable(entries);
    } while (this.#unsafe.length > 0);
    this.#syncing = undefined;
    this.#bound();
  }

  #makeReadable(entries: readonly Entry[]): void {
    for (const entry of entries) entry.state = 'waiting';
    this.#signal();
  }

  #signal(): void {
    queueMicrotask(() => this.emit('readable')); // when whoever appends is done with it
  }

  /** The disk refuses: goes on in memory, and tries again later. */
  #fail(cause: unknown): void {
    this.#failed = true;
    const advice = `up to ${memoryEvents} events are kept in memory until it can; free some space, or look at the disk`;
    this.#warn('disk', `can't be written (${(cause as Error).message}): ${advice}`, cause);
    if (this.#open) this.#timers.retry ??= setTimeout(() => void this.#recover(), this.#options.retryMs);
    this.#makeReadable(this.#unsafe.splice(0));
  }

  async #recover(): Promise<void> {
    clearTimeout(this.#timers.retry);
    delete this.#timers.retry;
    await this.#syncing;
    try {
      fs.mkdirSync(this.#options.directory, { recursive: true, mode: 0o700 });
      this.#rotate();
      this.#failed = false;
    } catch (error) {
      this.#fail(error);
    }
    this.#write();
    if (!this.#failed && this.#told.delete('disk')) this.emit('recovered');
  }

  /** Gives up the oldest segments, or what is in memory only, until the bounds hold; nothing that is on its way. */
  #bound(): void {
    const { maxEvents, maxBytes, maxAgeMs, monotonic } = this.#options;
    const oldest = monotonic() - maxAgeMs;
    for (const segment of this.#segments) {
      const isOld = segment.at <= oldest;
      if (!isOld && this.waiting <= maxEvents && this.#queue.bytes <= maxBytes) break;
      this.#queue.settle();
      const entries = this.#queue.entries.filter((entry) => entry.segment === segment);
      const isNewest = segment === this.#segments.at(-1) && !isOld;
      if (isNewest || entries.some(isOnWay)) continue;
      this.#giveUp(entries, isOld ? 'old' : 'full');
    }
    const inMemory = this.#unwritten.filter((entry) => !isOnWay(entry));
    const excess = this.#unwritten.length - Math.min(maxEvents, memoryEvents);
    if (excess > 0) this.#giveUp(inMemory.slice(0, excess), 'full');
    if (this.waiting < maxEvents / 2 && this.#queue.bytes < maxBytes / 2) this.#told.delete('full');
  }

  #giveUp(entries: readonly Entry[], why: 'full' | 'old' | 'damaged'): void {
    const gone = new Set(entries.filter(({ state }) => state !== 'acknowledged'));
    if (gone.size === 0) return;
    for (const entry of gone) this.#release(entry);
    this.#queue.remove(gone);
    this.dropped += gone.size;
    this.#signal();
    const advice = '(if the broker is often away for that long, raise `outbox.maxEvents`, `maxBytes` or `maxAgeHours`)';
    const what = why === 'full' ? 'is full' : `holds events older than ${this.#options.maxAgeMs / 3_600_000} h`;
    this.#warn(why, why === 'damaged' ? damage : `${what}: the oldest are given up, and counted ${advice}`);
  }

  /** Writes what was acknowledged, and deletes the segments of which nothing is left. */
  #tidy(): void {
    clearTimeout(this.#timers.tidy);
    delete this.#timers.tidy;
    this.#queue.settle();
    const segment = this.#segments.at(-1);
    if (this.#failed || segment === undefined) return;
    const news = [...this.#queue.acknowledged].filter(([camera, seq]) => this.#tidied[camera] !== seq);
    const acknowledged = Object.fromEntries(news);
    try {
      if (news.length > 0) segment.append(this.#options.disk, encode({ acknowledged }));
      Object.assign(this.#tidied, acknowledged);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const over = this.#segments.filter((one) => one.waiting === 0 && !one.isOpen);
    for (const one of over) one.discard();
    this.#segments = this.#segments.filter((one) => !over.includes(one));
  }

  /** Learns what the last run left. */
  async #scan(): Promise<void> {
    const { directory, fsync, now, monotonic } = this.#options;
    const found = await readLog(directory, { utc: now(), monotonic: monotonic(), boot: this.#boot, fsync });
    this.#segments = found.segments;
    for (const [camera, seq] of found.last) this.#queue.last.set(camera, seq);
    for (const [camera, seq] of found.acknowledged) this.#queue.acknowledged.set(camera, seq);
    for (const entry of found.entries) this.#queue.push(entry);
    this.stream = found.header?.stream ?? this.stream;
    if (found.isDamaged) this.#warn('damaged', damage);
    if (found.segments.length === 0 || (found.header !== undefined && found.untraced === 0)) return;
    // What is lost may have had numbers that subscribers know: the count goes on above.
    this.#floor = found.header === undefined ? Math.floor(now() / 1000) : found.untraced;
    for (const [camera, seq] of found.last) this.#queue.last.set(camera, seq + this.#floor);
  }

  /** Once, until there is news of it. */
  #warn(kind: 'disk' | 'full' | 'old' | 'damaged' | 'lost', what: string, cause?: unknown): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.emit('warning', this.#error(`OUTBOX_${kind === 'old' ? 'FULL' : kind.toUpperCase()}`, what, cause));
  }

  #error(code: string, what: string, cause?: unknown): StateError {
    return new StateError(`ERR_STATE_${code}`, 'state', `the outbox ${this.#options.directory} ${what}`, { cause });
  }
}

const damage = 'was damaged: what can be read of it goes on, what can’t is kept there, and subscribers are told of it';
