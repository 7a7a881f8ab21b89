import { EventEmitter } from 'node:events';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { StateError } from '../contract/errors.js';
import type { Gap, Observation } from '../contract/event.js';
import {
  checksumLength,
  decode,
  decodeKey,
  encode,
  encodeKey,
  entryRange,
  type OutboxEntry,
  type OutboxRecord,
  span,
} from './outbox-record.js';
import { OutboxRecovery } from './outbox-recovery.js';
import { readBootId, SequenceFile } from './sequence-file.js';

export interface OutboxOptions {
  /** A directory of its own; made where it is missing. Its `.seq` file lies beside it. */
  directory: string;
  /** Beyond these the oldest events are given up, and the gap is told of. */
  maxEvents: number;
  /** As stored, before compression. */
  maxBytes: number;
  /** Each batch reaches the disk itself before it may be published. */
  fsync: boolean;
  /** UTC in ms. */
  now?: () => number;
  /** How long after a failed write the disk is tried again, ms. */
  retryMs?: number;
}

interface OutboxEvents {
  /** {@link Outbox.peek} has something that it had not before. */
  readable: [];
  /** What the owner should know of; the outbox goes on. */
  warning: [StateError];
  /** The disk takes events again. */
  recovered: [];
}

/** Entries held in memory so that the usual path never reads the disk. */
const cacheEntries = 256;
/** Entries fetched from disk at once. */
const readEntries = 128;
/** What may wait in memory while the disk takes nothing. */
const memoryEvents = 5_000;
const memoryBytes = 4 * 1024 * 1024;
/** Acknowledged entries leave the disk with the next batch, or after this time. */
const tidyMs = 100;
/** LevelDB's defaults (8 MB cache, two buffers of 4 MB) are made for databases that are read. */
const levelOptions = { cacheSize: 256 * 1024, writeBufferSize: 512 * 1024, maxOpenFiles: 64 };

/**
 * Events on disk from the moment they happen until the broker has acknowledged them.
 *
 * ```
 *          disk only        cache                 not yet written
 *   ──────┬──────────────┬───────────────────┬──────────────────────▶ keys
 *       oldest         cursor             readable                next
 *         └── taken, ────┘ └─ peek(), take() ┘ └─ one batch a turn of the loop
 *             ack() removes
 * ```
 *
 * One loop does all reading and writing, one step at a time; what it is asked for stands in `#puts` and `#dels`.
 * While the disk takes nothing, these two simply stay, bounded, and everything in them may be read all the same.
 */
export class Outbox extends EventEmitter<OutboxEvents> {
  readonly #options: Required<OutboxOptions>;
  #db: ClassicLevel | undefined;
  #file: SequenceFile | undefined;

  /** The last number of each camera. */
  #last = new Map<string, number>();
  /** Where a camera starts that nothing is known of. */
  #floor = 0;

  #next = 1;
  #readable = 1;
  #cursor = 1;
  readonly #taken = new Map<number, OutboxEntry>();
  readonly #cache = new Map<number, OutboxEntry>();
  #puts = new Map<number, OutboxEntry>();
  #dels = new Set<number>();
  #countedUp = new Set<string>();

  #count = 0;
  #bytes = 0;
  #dropped = 0;

  #work: Promise<void> | undefined;
  #readWanted = false;
  #failed = false;
  #fullTold = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  #state: 'new' | 'open' | 'stopped' = 'new';

  constructor(options: OutboxOptions) {
    super();
    this.#options = { now: Date.now, retryMs: 5_000, ...options };
  }

  /** Events (and gaps) that the broker has not acknowledged. */
  get waiting(): number {
    return this.#count;
  }

  /** Events given up since the start: the oldest of a full outbox, and those the broker will never take. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Every entry below this key was there before the next one will be. */
  get nextKey(): number {
    return this.#next;
  }

  /**
   * Opens what the last run left. A database that can't be read is set aside, never deleted.
   *
   * @throws StateError where the directory can't be used at all, or another daemon uses it
   */
  async start(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true }).catch((cause) => {
      throw unusable(directory, cause);
    });
    this.#file = new SequenceFile(`${directory}.seq`, await readBootId());
    await this.#file.load();
    await this.#recover(this.#file);
    await this.#file.reserve(this.#last).catch((cause) => this.#fail(cause));
    this.#state = 'open';
    if (this.#puts.size > 0) await this.#wake();
  }

  /** Writes what is still in memory, and closes. Never throws: what the disk does not take now is told and lost. */
  async stop(): Promise<void> {
    if (this.#state !== 'open') return;
    await (this.#failed ? this.#retry() : this.#wake());
    this.#state = 'stopped';
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#tidyTimer);
    await this.#work;
    if (this.#puts.size > 0) {
      this.emit(
        'warning',
        new StateError(
          'ERR_STATE_OUTBOX_LOST',
          'state',
          `${this.#puts.size} events could not be written to ${this.#options.directory} before the end and are lost`,
        ),
      );
    }
    await this.#db?.close().catch(() => {});
    // A file that is not marked clean only makes the next start more careful.
    if (!this.#failed) await this.#file?.close(this.#last).catch(() => {});
  }

  /** Gives an event its number and takes it in. It can be read once it is on disk. */
  append(observation: Observation): OutboxEntry {
    if (this.#state !== 'open') throw new Error('the outbox is not open');
    const { camera } = observation;
    const seq = (this.#last.get(camera) ?? this.#floor) + 1;
    this.#last.set(camera, seq);
    this.#countedUp.add(camera);
    const entry = this.#insert(this.#next++, { seq, observation });
    this.#wake();
    return entry;
  }

  /** The oldest entry that was not taken, or nothing: `readable` then tells when there is. */
  peek(): OutboxEntry | undefined {
    while (this.#cursor < this.#readable) {
      const entry = this.#cache.get(this.#cursor);
      if (entry !== undefined) return entry;
      if (!this.#dels.has(this.#cursor)) {
        // It lies on disk only, or is a place that nothing stands at: reading tells.
        this.#readWanted = true;
        this.#wake();
        return undefined;
      }
      this.#cursor++;
    }
    return undefined;
  }

  /** The same, and the next `peek` gives the one after it. */
  take(): OutboxEntry | undefined {
    const entry = this.peek();
    if (entry === undefined) return undefined;
    this.#taken.set(entry.key, entry);
    this.#cursor = entry.key + 1;
    return entry;
  }

  /** Taken, and acknowledged: it may go. */
  ack(key: number): void {
    const entry = this.#taken.get(key);
    if (entry === undefined) return;
    this.#taken.delete(key);
    this.#remove(entry);
    if (this.#state !== 'open') return;
    this.#tidyTimer ??= setTimeout(() => {
      this.#tidyTimer = undefined;
      this.#wake();
    }, tidyMs);
  }

  /** Taken, but the broker will never have it: its number becomes a gap, which comes next. */
  reject(key: number): void {
    const entry = this.#taken.get(key);
    if (entry === undefined) return;
    this.#taken.delete(key);
    this.#remove(entry);
    if ('gap' in entry.record) return;
    this.#dropped++;
    this.#insert(this.#next++, { gap: this.#gapOf(entry.record) });
    this.#wake();
  }

  /** All that was taken and not acknowledged comes again, in order. */
  rewind(): void {
    const first = this.#taken.keys().next();
    if (!first.done) this.#cursor = Math.min(this.#cursor, first.value);
    this.#taken.clear();
  }

  #gapOf(record: OutboxRecord): Gap {
    return { type: 'gap', ...span(record), at: new Date(this.#options.now()).toISOString() };
  }

  #insert(key: number, record: OutboxRecord): OutboxEntry {
    const entry = { key, record, bytes: Buffer.byteLength(JSON.stringify(record)) };
    this.#cache.set(key, entry);
    this.#dels.delete(key);
    this.#puts.set(key, entry);
    this.#count++;
    this.#bytes += entry.bytes;
    return entry;
  }

  #remove(entry: OutboxEntry): void {
    this.#cache.delete(entry.key);
    this.#puts.delete(entry.key);
    this.#dels.add(entry.key);
    this.#count--;
    this.#bytes -= entry.bytes;
  }

  /** Runs the loop where it does not run already. */
  #wake(): Promise<void> {
    this.#work ??= this.#loop().finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  async #loop(): Promise<void> {
    // First a turn of the event loop: a burst becomes one batch.
    await new Promise(setImmediate);
    while (this.#state !== 'stopped' && (this.#readWanted || this.#puts.size > 0 || this.#dels.size > 0)) {
      try {
        if (this.#failed) {
          this.#boundMemory();
          this.#expose(this.#next);
          return;
        }
        if (this.#readWanted) await this.#read();
        await this.#bound();
        await this.#write();
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Fetches the entries at the cursor from disk. */
  async #read(): Promise<void> {
    this.#readWanted = false;
    const from = this.#cursor;
    const entries = await this.#stored(from, readEntries);
    for (const entry of entries) {
      if (!this.#cache.has(entry.key) && !this.#dels.has(entry.key)) this.#cache.set(entry.key, entry);
    }
    // Places that nothing stands at are passed over, but never those that were not read.
    if (this.#cursor === from) {
      const last = entries.length === readEntries ? entries.at(-1) : undefined;
      let nearest = last !== undefined ? last.key + 1 : this.#readable;
      for (const key of this.#cache.keys()) if (key >= from && key < nearest) nearest = key;
      this.#cursor = nearest;
    }
    this.emit('readable');
  }

  async #stored(from: number, limit: number): Promise<OutboxEntry[]> {
    if (this.#db === undefined) return [];
    const entries: OutboxEntry[] = [];
    for (const [key, value] of await this.#db.iterator({ gte: encodeKey(from), lt: entryRange.lt, limit }).all()) {
      const record = decode<OutboxRecord>(value);
      if (record !== undefined) entries.push({ key: decodeKey(key), record, bytes: storedBytes(value) });
    }
    return entries;
  }

  get #full(): boolean {
    return this.#count > this.#options.maxEvents || this.#bytes > this.#options.maxBytes;
  }

  /** Gives up the oldest that are not on their way, until the bounds hold. */
  async #bound(): Promise<void> {
    while (this.#full) {
      const onDisk = await this.#stored(this.#cursor, readEntries);
      const candidates = new Map(
        onDisk.filter((entry) => !this.#dels.has(entry.key)).map((entry) => [entry.key, entry]),
      );
      for (const [key, entry] of this.#cache) if (key >= this.#cursor) candidates.set(key, entry);
      const before = this.#count;
      this.#drop(
        [...candidates.values()].sort((a, b) => a.key - b.key),
        () => !this.#full,
      );
      if (this.#count >= before) return; // only gaps and what is on its way: as small as it gets
    }
    if (this.#count < this.#options.maxEvents * 0.9) this.#fullTold = false;
  }

  /** The same while the disk takes nothing: of what stands in memory only. */
  #boundMemory(): void {
    const { maxEvents, maxBytes } = this.#options;
    const fits = () => {
      let bytes = 0;
      for (const entry of this.#puts.values()) bytes += entry.bytes;
      return this.#puts.size <= Math.min(maxEvents, memoryEvents) && bytes <= Math.min(maxBytes, memoryBytes);
    };
    if (!fits())
      this.#drop(
        [...this.#puts.values()].sort((a, b) => a.key - b.key),
        fits,
      );
  }

  /** Turns the oldest of `candidates` into one gap a camera, each in the place of its last event. */
  #drop(candidates: OutboxEntry[], enough: () => boolean): void {
    const gaps = new Map<string, OutboxEntry>();
    let dropped = 0;
    for (const entry of candidates) {
      if (enough()) break;
      // Never what is on its way, nor the newest of all: something must remain to tell of.
      if (entry.key < this.#cursor || this.#taken.has(entry.key) || entry.key === this.#next - 1) continue;
      const { camera, to } = span(entry.record);
      const open = gaps.get(camera);
      if (open !== undefined) this.#remove(open);
      const from = open !== undefined ? span(open.record).from : span(entry.record).from;
      if ('observation' in entry.record) dropped++;
      this.#remove(entry);
      gaps.set(camera, this.#insert(entry.key, { gap: { ...this.#gapOf(entry.record), from, to } }));
    }
    if (dropped === 0) return;
    this.#dropped += dropped;
    if (this.#fullTold) return;
    this.#fullTold = true;
    this.emit(
      'warning',
      new StateError(
        'ERR_STATE_OUTBOX_FULL',
        'state',
        `the outbox ${this.#options.directory} is full: the oldest events are given up from now on, and counted. Make \`outbox.maxEvents\` or \`outbox.maxBytes\` larger if the broker is often away for that long`,
      ),
    );
  }

  async #write(): Promise<void> {
    const puts = this.#puts;
    const dels = this.#dels;
    const counted = this.#countedUp;
    const end = this.#next;
    if (puts.size === 0 && dels.size === 0) return;
    this.#puts = new Map();
    this.#dels = new Set();
    this.#countedUp = new Set();
    try {
      await this.#reserve(counted);
      const batch = [
        ...Array.from(dels, (key) => ({ type: 'del' as const, key: encodeKey(key) })),
        ...Array.from(puts.values(), (entry) => ({
          type: 'put' as const,
          key: encodeKey(entry.key),
          value: encode(entry.record),
        })),
        ...Array.from(counted, (camera) => ({
          type: 'put' as const,
          key: sequenceKey(camera),
          value: encode(this.#last.get(camera)),
        })),
      ];
      if (this.#db === undefined) throw new Error('the database is closed');
      await this.#db.batch(batch, { sync: this.#options.fsync && puts.size > 0 });
    } catch (error) {
      // What was asked for meanwhile is newer and wins.
      const newer = { puts: this.#puts, dels: this.#dels };
      this.#puts = new Map([...puts].filter(([key]) => !newer.dels.has(key)).concat([...newer.puts]));
      this.#dels = new Set([...dels].filter((key) => !newer.puts.has(key)).concat([...newer.dels]));
      for (const camera of counted) this.#countedUp.add(camera);
      throw error;
    }
    if (this.#cache.size > cacheEntries) {
      for (const key of puts.keys()) if (!this.#taken.has(key) && !this.#puts.has(key)) this.#cache.delete(key);
    }
    this.#expose(end);
  }

  async #reserve(cameras: Iterable<string>): Promise<void> {
    for (const camera of cameras) {
      if ((this.#last.get(camera) ?? 0) > (this.#file?.reserved(camera) ?? 0)) return this.#file?.reserve(this.#last);
    }
  }

  /** Entries below `end` may be read from now on. */
  #expose(end: number): void {
    if (end <= this.#readable) return;
    this.#readable = end;
    this.emit('readable');
  }

  /** The disk does not take it: go on in memory, say so once, and try again later. */
  #fail(cause: unknown): void {
    if (!this.#failed) {
      this.#failed = true;
      const reason = cause instanceof Error ? rootCause(cause).message : String(cause);
      this.emit(
        'warning',
        new StateError(
          'ERR_STATE_OUTBOX_DISK',
          'state',
          `the outbox ${this.#options.directory} can't be written (${reason}): up to ${Math.min(memoryEvents, this.#options.maxEvents)} events are kept in memory until it can; free some space, or look at the disk`,
          { cause },
        ),
      );
    }
    this.#boundMemory();
    this.#expose(this.#next);
    if (this.#state === 'stopped') return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#retry();
    }, this.#options.retryMs);
  }

  /**
   * After a failed write LevelDB refuses all others, and its log may end in half a record: it has to be opened anew,
   * which also keeps what was in it.
   */
  async #retry(): Promise<void> {
    await this.#work;
    this.#work = (async () => {
      try {
        await this.#db?.close();
        this.#db = undefined;
        this.#db = await openLevel(this.#options.directory);
        this.#failed = false;
        await this.#write();
        this.emit('recovered');
      } catch (error) {
        this.#failed = true;
        this.#fail(error);
      }
    })().finally(() => {
      this.#work = undefined;
    });
    await this.#work;
    if (this.#readWanted) this.#wake();
  }

  async #recover(file: SequenceFile): Promise<void> {
    const { directory, now } = this.#options;
    let damaged = false;
    let recovery = new OutboxRecovery(now);
    const stored = new Map<string, number>();
    try {
      this.#db = await openLevel(directory);
      damaged = await lostSome(directory);
      for await (const [key, value] of this.#db.iterator()) {
        if (key.startsWith(sequencePrefix)) {
          const seq = decode<number>(value);
          if (seq !== undefined) stored.set(key.slice(sequencePrefix.length), seq);
          else damaged = true;
          continue;
        }
        const place = decodeKey(key);
        this.#next = Math.max(this.#next, place + 1);
        const record = decode<OutboxRecord>(value);
        if (record === undefined) {
          damaged = true;
          this.#dels.add(place);
          continue;
        }
        recovery.add(place, record);
        this.#count++;
        this.#bytes += storedBytes(value);
        if (this.#count === 1) this.#cursor = place;
      }
    } catch (cause) {
      await this.#setAside(cause);
      damaged = true;
      recovery = new OutboxRecovery(now);
      stored.clear();
      this.#dels.clear();
      this.#count = this.#bytes = 0;
    }
    // The first places stay free, for gaps before the first entry.
    this.#next = Math.max(this.#next, firstKey);
    if (this.#count === 0) this.#cursor = this.#next;
    this.#readable = this.#next;
    // LevelDB passes over a log's damaged end without a word, and a clean stop says what should have been there.
    if (file.clean)
      for (const camera of file.cameras) if ((stored.get(camera) ?? 0) < file.reserved(camera)) damaged = true;
    const trusted = !damaged && (file.clean || file.sameBoot || this.#options.fsync || !file.known);
    const found = recovery.finish({ stored, file, damaged, trusted, nextKey: this.#next });
    this.#last = found.last;
    this.#next = found.nextKey;
    // Neither the database nor the file tells: no camera has had as many events as seconds since 1970.
    if (damaged && !file.known) this.#floor = Math.floor(now() / 1000);
    for (const [camera, seq] of this.#last) if (seq < this.#floor) this.#last.set(camera, this.#floor);
    for (const [key, gap] of found.gaps) {
      this.#insert(key, { gap });
      this.#cursor = Math.min(this.#cursor, key);
    }
    for (const camera of this.#last.keys()) this.#countedUp.add(camera);
    if (damaged)
      this.emit(
        'warning',
        new StateError(
          'ERR_STATE_OUTBOX_DAMAGED',
          'state',
          `the outbox ${directory} was damaged: events that it held are lost and told of as a gap; the count goes on above`,
        ),
      );
  }

  /** @throws StateError where it is no damage, but a directory that can't be used */
  async #setAside(cause: unknown): Promise<void> {
    const { directory, now } = this.#options;
    await this.#db?.close().catch(() => {});
    this.#db = undefined;
    if (errorCode(cause) === 'LEVEL_LOCKED') {
      throw new StateError(
        'ERR_STATE_OUTBOX_IN_USE',
        'state',
        `the outbox ${directory} is in use: another daemon runs with the same state directory; stop it, or give this one its own \`stateDirectory\``,
        { cause },
      );
    }
    if (/No space left|Permission denied|Read-only|Too many open files/.test(String(rootCause(cause as Error)))) {
      throw unusable(directory, cause); // nothing is wrong with the database itself
    }
    const aside = `${directory}.damaged-${new Date(now()).toISOString().replaceAll(':', '-')}`;
    try {
      await rename(directory, aside);
      this.#db = await openLevel(directory);
    } catch (error) {
      throw unusable(directory, error);
    }
    const reason = cause instanceof Error ? rootCause(cause).message : String(cause);
    this.emit(
      'warning',
      new StateError(
        'ERR_STATE_OUTBOX_DAMAGED',
        'state',
        `the outbox ${directory} can't be read (${reason}): it was set aside as ${aside}, and a new one begins; the events that it held are lost and told of as a gap`,
        { cause },
      ),
    );
  }
}

/** Leaves room for the gaps that a later start may have to put before the first entry. */
const firstKey = 1_000_000;
const sequencePrefix = 's';

function sequenceKey(camera: string): string {
  return sequencePrefix + camera;
}

async function openLevel(directory: string): Promise<ClassicLevel> {
  const db = new ClassicLevel(directory, levelOptions);
  await db.open();
  return db;
}

/** LevelDB opens a log with damaged records without an error and leaves them out; only its own log file says so. */
async function lostSome(directory: string): Promise<boolean> {
  const log = await readFile(join(directory, 'LOG'), 'utf8').catch(() => '');
  return /dropping \d+ bytes|Corruption/.test(log);
}

/** Without the checksum. */
function storedBytes(value: string): number {
  return Buffer.byteLength(value) - checksumLength;
}

function unusable(directory: string, cause: unknown): StateError {
  const reason = cause instanceof Error ? rootCause(cause).message : String(cause);
  return new StateError(
    'ERR_STATE_DIRECTORY',
    'state',
    `the outbox ${directory} can't be used (${reason}): make ${dirname(directory)} writable for this user, or set \`stateDirectory\``,
    { cause },
  );
}

function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error ? (rootCause(error) as NodeJS.ErrnoException).code : undefined;
}
