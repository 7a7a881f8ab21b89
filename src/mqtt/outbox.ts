import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import { createGap, span } from './gap.js';
import { ageStepOf, OutboxAge } from './outbox-age.js';
import { OutboxDatabase, type OutboxEntry, type OutboxRecord } from './outbox-database.js';
import * as errors from './outbox-error.js';
import { OutboxRecovery } from './outbox-recovery.js';
import { readBootId, SequenceFile } from './sequence-file.js';

export interface OutboxOptions {
  /** A directory of its own; made where it is missing. Its `.seq` file lies beside it. */
  directory: string;
  /** Beyond these the oldest events are given up, and the gap is told of. */
  maxEvents: number;
  /** As stored, before compression. */
  maxBytes: number;
  /** Older than that they are given up, too, within a hundredth of it; ms. None where it is not given. */
  maxAgeMs?: number;
  /** Each batch reaches the disk itself before it may be published. */
  fsync: boolean;
  /** UTC in ms. */
  now?: () => number;
  /** Milliseconds that pass whatever is done to the clock. */
  monotonic?: () => number;
  /** How long after a failed write the disk is tried again, ms. */
  retryMs?: number;
  /** For tests; by default a LevelDB database in `directory`. */
  database?: OutboxDatabase;
}

interface OutboxEvents {
  /** {@link Outbox.peek} has something that it had not before. */
  readable: [];
  /** What the owner should know of; the outbox goes on. */
  warning: [error: StateError];
  /** The disk takes events again. */
  recovered: [];
}

/** What a database held when it was opened. */
interface OutboxFindings {
  recovery: OutboxRecovery;
  /** The last number of each camera. */
  stored: Map<string, number>;
  damaged: boolean;
  /** The owner has been told of the damage. */
  told: boolean;
  /** The place of the first entry; none where there is no entry. */
  oldest?: number;
  /** The place behind the last one. */
  next: number;
  count: number;
  bytes: number;
}

/** Entries held in memory so that the usual path never reads the disk. */
const cacheEntries = 256;
/** Entries fetched from disk at once. */
const readEntries = 128;
/** What may wait in memory while the disk takes nothing. */
const memoryEvents = 5_000;
const memoryBytes = 4 * 1024 * 1024;
/** Acknowledged entries leave the disk with the next batch, or after this time: a batch of its own for each wears flash. */
const tidyMs = 100;
/** The first places stay free, for gaps that have to stand before the first entry. */
const firstKey = 1_000_000;
/** Where a run begins whose database can't be opened yet: behind all that may lie there. */
const blindKey = 2 ** 40;

/**
 * Events on disk from the moment they happen until the broker has acknowledged them.
 *
 * ```
 *      taken: on their way          peek(), take()            append()
 *   ──┬─────────────────────────┬───────────────────────┬────────────────┬──▶ keys
 *   oldest                    cursor                 readable          next
 *     └ ack() removes           └ on disk; the nearest    └ not written yet
 *       rewind() begins again     ones in the cache, too
 * ```
 *
 * One loop does all reading and writing, one step at a time; what it has to write stands in `#puts` and `#dels`, and
 * goes as one batch a turn. While the disk takes nothing, the two simply stay, bounded, and may be read all the same.
 */
export class Outbox extends EventEmitter<OutboxEvents> {
  readonly #options: Required<OutboxOptions>;
  readonly #database: OutboxDatabase;
  readonly #file: SequenceFile;

  /** The last number of each camera, and whose are not on disk yet. */
  #last = new Map<string, number>();
  #counted = new Set<string>();
  /** Where a camera begins that nothing is known of. */
  #floor = 0;

  #cursor = firstKey;
  #readable = firstKey;
  #next = firstKey;
  /** In order of keys, as are the ones taken. */
  readonly #taken = new Set<number>();
  readonly #cache = new Map<number, OutboxEntry>();
  #puts = new Map<number, OutboxEntry>();
  #dels = new Set<number>();

  readonly #age: OutboxAge;
  /** Entries below are too old. */
  #expired = 0;

  #count = 0;
  #bytes = 0;
  #dropped = 0;

  #state: 'closed' | 'open' = 'closed';
  /** What lies on disk is known and counted. */
  #scanned = false;
  /** The disk takes nothing. */
  #failed = false;
  #fullTold = false;
  #ageTold = false;
  #readWanted = false;
  #work: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;

  constructor(options: OutboxOptions) {
    super();
    this.#database = options.database ?? new OutboxDatabase(options.directory);
    this.#file = new SequenceFile(`${options.directory}.seq`);
    this.#options = {
      now: Date.now,
      monotonic: () => performance.now(),
      maxAgeMs: Number.POSITIVE_INFINITY,
      retryMs: 5_000,
      database: this.#database,
      ...options,
    };
    this.#age = new OutboxAge(this.#options.maxAgeMs, this.#options.now(), this.#options.monotonic());
  }

  /** Events (and gaps) that the broker has not acknowledged. */
  get waiting(): number {
    return this.#count;
  }

  /** Events given up since the start: the oldest of a full outbox, and those that the broker will never take. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Names the numbering that `seq` belongs to. */
  get stream(): string {
    return this.#file.stream;
  }

  /** Entries below this key are here already. */
  get nextKey(): number {
    return this.#next;
  }

  /**
   * Opens what the last run left. A database that can't be read is set aside, never deleted; on a full disk the
   * outbox begins in memory.
   *
   * @throws StateError where the directory can't be used at all, or another daemon uses it
   */
  async start(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(dirname(directory), { recursive: true }).catch((cause) => {
      throw errors.directoryUnusable(directory, cause);
    });
    await this.#file.load(await readBootId());
    try {
      await this.#scan();
      await this.#file.reserve(this.#last);
    } catch (error) {
      if (error instanceof StateError) throw error;
      if (!this.#scanned) this.#beginBlind();
      this.#fail(error);
    }
    this.#state = 'open';
    this.#watchAge();
    await this.#wake();
  }

  /** Writes what is still in memory, and closes. What the disk does not take now is lost, and said to be. */
  async stop(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#failed) await this.#retry();
    await this.#wake();
    this.#state = 'closed';
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#tidyTimer);
    clearInterval(this.#ageTimer);
    const lost = [...this.#puts.values()].filter(({ record }) => 'observation' in record).length;
    if (lost > 0) this.emit('warning', errors.lostAtEnd(this.#options.directory, lost));
    await this.#database.close().catch(() => {});
    // A file that is not marked clean only makes the next start more careful.
    if (!this.#failed) await this.#file.close(this.#last).catch(() => {});
  }

  /** Gives an event its number and takes it in. It can be read once it is on disk. */
  append(observation: Observation): OutboxEntry {
    if (this.#state === 'closed') throw new Error('the outbox is closed');
    const { camera } = observation;
    const seq = (this.#last.get(camera) ?? this.#floor) + 1;
    this.#last.set(camera, seq);
    this.#counted.add(camera);
    const entry = this.#insert(this.#next++, { seq, observation });
    void this.#wake();
    return entry;
  }

  /** The oldest entry that was not taken, or nothing: then `readable` tells when there is. */
  peek(): OutboxEntry | undefined {
    while (this.#cursor < this.#readable) {
      const entry = this.#cache.get(this.#cursor);
      const taken = this.#taken.has(this.#cursor);
      if (entry !== undefined && !taken) return entry;
      if (!taken && !this.#dels.has(this.#cursor)) {
        // It lies on disk only, or nothing stands at this place: reading tells.
        this.#readWanted = true;
        void this.#wake();
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
    this.#taken.add(entry.key);
    this.#cursor = entry.key + 1;
    return entry;
  }

  /** Taken, and acknowledged: it may go. */
  ack(key: number): void {
    const entry = this.#untake(key);
    if (entry === undefined || this.#state === 'closed') return;
    this.#ageTold = false;
    this.#tidyTimer ??= setTimeout(() => {
      this.#tidyTimer = undefined;
      void this.#wake();
    }, tidyMs);
  }

  /** Taken, but the broker will never have it: its number is told of as a gap, which comes last. */
  reject(key: number): void {
    const entry = this.#untake(key);
    if (entry === undefined || 'gap' in entry.record) return;
    this.#dropped++;
    const { camera, from, to } = span(entry.record);
    this.#insert(this.#next++, { gap: createGap(camera, from, to, this.#options.now()) });
    void this.#wake();
  }

  /** All that was taken and not acknowledged comes again, in order. */
  rewind(): void {
    const [first] = this.#taken;
    if (first !== undefined) this.#cursor = first;
    this.#taken.clear();
  }

  #untake(key: number): OutboxEntry | undefined {
    const entry = this.#taken.delete(key) ? this.#cache.get(key) : undefined;
    if (entry !== undefined) this.#remove(entry);
    return entry;
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
    this.#work ??= this.#loop();
    return this.#work;
  }

  async #loop(): Promise<void> {
    // With fsync a burst becomes one batch. Without, what is written at once outlives the end of the process.
    if (this.#options.fsync) await new Promise(setImmediate);
    else await Promise.resolve();
    while (!this.#failed && this.#hasWork) {
      try {
        if (this.#readWanted) await this.#read();
        if (this.#full) await this.#bound();
        if (this.#cursor < this.#expired) await this.#expire();
        await this.#write();
      } catch (error) {
        await this.#mend(error).catch((e) => this.#fail(e));
      }
    }
    // In the same breath as the last look at what is to do: who asks from here on begins a new loop.
    this.#work = undefined;
    if (this.#failed) this.#goOnInMemory();
  }

  /** Fetches the entries at the cursor from disk. */
  async #read(): Promise<void> {
    this.#readWanted = false;
    const from = this.#cursor;
    const entries = await this.#database.read(from, readEntries);
    for (const entry of entries) {
      if (!this.#cache.has(entry.key) && !this.#dels.has(entry.key)) this.#cache.set(entry.key, entry);
    }
    // Places at which nothing stands are passed over, but never those that were not read.
    if (this.#cursor === from) {
      const last = entries.length === readEntries ? entries.at(-1) : undefined;
      let nearest = last === undefined ? this.#readable : last.key + 1;
      for (const key of this.#cache.keys()) if (key >= from && key < nearest) nearest = key;
      this.#cursor = nearest;
    }
    this.emit('readable');
  }

  get #hasWork(): boolean {
    return this.#readWanted || this.#puts.size > 0 || this.#dels.size > 0 || this.#cursor < this.#expired;
  }

  get #full(): boolean {
    return this.#count > this.#options.maxEvents || this.#bytes > this.#options.maxBytes;
  }

  /** Gives up the oldest that are not on their way, until the bounds hold. */
  async #bound(): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; this.#full && this.#count < before; ) {
      before = this.#count;
      this.#dropExcess(await this.#oldest(), () => !this.#full);
    }
  }

  #dropExcess(candidates: Iterable<OutboxEntry>, enough: () => boolean): void {
    const before = this.#dropped;
    // Never the newest: it is what the outbox is for.
    this.#drop(candidates, ({ key }) => key === this.#next - 1 || enough());
    if (this.#dropped === before || this.#fullTold) return;
    this.#fullTold = true;
    this.emit('warning', errors.full(this.#options.directory));
  }

  /** Gives up what is too old and not on its way, as much of it as one read finds. */
  async #expire(): Promise<void> {
    const { directory, maxAgeMs } = this.#options;
    const before = this.#dropped;
    this.#drop(await this.#oldest(), ({ key }) => key >= this.#expired);
    if (this.#dropped === before) this.#expired = 0;
    else if (!this.#ageTold) this.emit('warning', errors.tooOld(directory, maxAgeMs));
    this.#ageTold ||= this.#dropped > before;
  }

  /** Entries from the cursor on: on disk a number of the oldest, in memory all. */
  async #oldest(): Promise<Iterable<OutboxEntry>> {
    const oldest = new Map<number, OutboxEntry>();
    for (const entry of await this.#database.read(this.#cursor, readEntries)) oldest.set(entry.key, entry);
    for (const key of this.#dels) oldest.delete(key);
    for (const [key, entry] of this.#cache) oldest.set(key, entry);
    return oldest.values();
  }

  #watchAge(): void {
    const { maxAgeMs, monotonic } = this.#options;
    if (!Number.isFinite(maxAgeMs)) return;
    const look = () => {
      this.#expired = Math.max(this.#expired, this.#age.expiredBefore(this.#next, monotonic()));
      if (this.#cursor < this.#expired) void this.#wake();
    };
    look();
    this.#ageTimer = setInterval(look, ageStepOf(maxAgeMs)).unref();
  }

  /** Turns the oldest of `candidates` into one gap a camera, which stands in the place of its last event. */
  #drop(candidates: Iterable<OutboxEntry>, enough: (entry: OutboxEntry) => boolean): void {
    const gaps = new Map<string, OutboxEntry>();
    for (const entry of [...candidates].sort((a, b) => a.key - b.key)) {
      if (enough(entry)) break;
      if (entry.key < this.#cursor) continue; // on its way
      const { camera, from, to } = span(entry.record);
      const older = gaps.get(camera);
      if (older !== undefined) this.#remove(older);
      if ('observation' in entry.record) this.#dropped++;
      this.#remove(entry);
      const gap = createGap(camera, older === undefined ? from : span(older.record).from, to, this.#options.now());
      gaps.set(camera, this.#insert(entry.key, { gap }));
    }
  }

  async #write(): Promise<void> {
    const puts = this.#puts;
    const dels = this.#dels;
    const counted = this.#counted;
    if (puts.size === 0 && dels.size === 0) return;
    const end = this.#next;
    const last = new Map([...counted].map((camera) => [camera, this.#last.get(camera) ?? 0]));
    this.#puts = new Map();
    this.#dels = new Set();
    this.#counted = new Set();
    try {
      await this.#reserve(last);
      await this.#database.write({ puts: puts.values(), dels, last }, this.#options.fsync && puts.size > 0);
    } catch (error) {
      // It stays to be written; what was asked for meanwhile is newer and wins.
      const newer = { puts: this.#puts, dels: this.#dels };
      this.#puts = new Map([...[...puts].filter(([key]) => !newer.dels.has(key)), ...newer.puts]);
      this.#dels = new Set([...[...dels].filter((key) => !newer.puts.has(key)), ...newer.dels]);
      for (const camera of counted) this.#counted.add(camera);
      throw error;
    }
    if (this.#cache.size > cacheEntries) {
      for (const key of puts.keys()) if (!this.#taken.has(key) && !this.#puts.has(key)) this.#cache.delete(key);
    }
    if (this.#count < this.#options.maxEvents / 2 && this.#bytes < this.#options.maxBytes / 2) this.#fullTold = false;
    this.#expose(end);
  }

  async #reserve(last: ReadonlyMap<string, number>): Promise<void> {
    for (const [camera, seq] of last) if (seq > this.#file.reserved(camera)) return this.#file.reserve(last);
  }

  /** Entries below `end` may be read from now on. */
  #expose(end: number): void {
    if (end <= this.#readable) return;
    this.#readable = end;
    this.emit('readable');
  }

  /** The disk does not take it: says so once, goes on in memory, and tries again later. */
  #fail(cause: unknown): void {
    const { directory, maxEvents, retryMs } = this.#options;
    if (!this.#failed) {
      this.#failed = true;
      this.emit('warning', errors.diskRefuses(directory, Math.min(memoryEvents, maxEvents), cause));
    }
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#retry();
    }, retryMs);
  }

  #goOnInMemory(): void {
    const { maxEvents, maxBytes } = this.#options;
    const fits = () => {
      let bytes = 0;
      for (const entry of this.#puts.values()) bytes += entry.bytes;
      return this.#puts.size <= Math.min(maxEvents, memoryEvents) && bytes <= Math.min(maxBytes, memoryBytes);
    };
    if (!fits()) this.#dropExcess(this.#puts.values(), fits);
    this.#expose(this.#next);
  }

  async #retry(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    await this.#work;
    this.#work = this.#reopen().finally(() => {
      this.#work = undefined;
    });
    await this.#work;
    await this.#wake();
  }

  async #reopen(): Promise<void> {
    try {
      if (!this.#scanned) await this.#scan();
      else await this.#database.open().catch((error) => this.#mend(error));
      await this.#write();
      this.#failed = false;
      this.emit('recovered');
      this.emit('readable');
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Damage that shows while running: what is in memory moves into a new database, the rest becomes a gap.
   *
   * @throws what it is given where that is no damage; what the file system throws
   */
  async #mend(cause: unknown): Promise<void> {
    if (errors.causeCode(cause) !== 'LEVEL_CORRUPTION') throw cause;
    const { directory, now } = this.#options;
    const aside = await this.#database.setAside(new Date(now()));
    this.emit('warning', errors.setAside(directory, aside, cause));
    const kept = [...this.#cache.values()].sort((a, b) => a.key - b.key);
    this.#dropped += this.#count - kept.length;
    this.#dels.clear();
    this.#puts = new Map(kept.map((entry) => [entry.key, entry]));
    this.#count = kept.length;
    this.#bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    const recovery = new OutboxRecovery(now);
    for (const { key, record } of kept) recovery.add(key, record);
    const found = recovery.finish({
      stored: this.#last,
      file: this.#file,
      damaged: true,
      trusted: true,
      nextKey: this.#next,
    });
    this.#next = found.nextKey;
    for (const [key, gap] of found.gaps) this.#insert(key, { gap });
    this.#cursor = Math.min(this.#cursor, ...found.gaps.keys());
    for (const camera of this.#last.keys()) this.#counted.add(camera);
    await this.#database.open();
    this.emit('readable');
  }

  /** Opens the database and learns what lies there; what is there already stands behind it. */
  async #scan(): Promise<void> {
    const file = this.#file;
    const { directory, fsync, now } = this.#options;
    const contents = await this.#contents();
    const { recovery, stored, oldest, next, count, bytes } = contents;
    // LevelDB passes over a cut log without a word, but a clean stop says what should have been there.
    const cut = file.clean && [...file.cameras].some((camera) => (stored.get(camera) ?? 0) < file.reserved(camera));
    const damaged = contents.damaged || cut;
    if (damaged && !contents.told) this.emit('warning', errors.lostSome(directory));
    const blind = this.#next >= blindKey;
    const trusted = !damaged && !blind && (file.clean || file.sameBoot || fsync || !file.known);
    const found = recovery.finish({ stored, file, damaged, trusted, nextKey: next });
    // Neither the database nor the file tells: no camera has had as many events as seconds since 1970.
    if (damaged && !file.known) this.#floor = Math.floor(now() / 1000);
    for (const [camera, seq] of found.last) {
      this.#last.set(camera, Math.max(seq, this.#floor, this.#last.get(camera) ?? 0));
      this.#counted.add(camera);
    }
    this.#count += count;
    this.#bytes += bytes;
    this.#cursor = Math.min(oldest ?? next, ...found.gaps.keys());
    if (!blind) {
      this.#readable = next;
      this.#next = found.nextKey;
    }
    for (const [key, gap] of found.gaps) this.#insert(key, { gap });
    this.#scanned = true;
  }

  /** What lies there; where it is damaged, what can be had of it, and else a new database. */
  async #contents(): Promise<OutboxFindings> {
    try {
      await this.#database.check();
      await this.#database.open();
      return await this.#find();
    } catch (cause) {
      return await this.#rescue(cause);
    }
  }

  async #rescue(cause: unknown): Promise<OutboxFindings> {
    const { directory, now } = this.#options;
    if (errors.causeCode(cause) === 'LEVEL_LOCKED') throw errors.inUse(directory, cause);
    if (errors.isRightsFault(cause)) throw errors.directoryUnusable(directory, cause);
    if (errors.isDisksFault(cause)) throw cause;
    const aside = await this.#database.setAside(new Date(now())).catch((error) => {
      throw errors.directoryUnusable(directory, error);
    });
    const restored = await this.#restore(aside);
    this.emit('warning', (restored ? errors.repaired : errors.setAside)(directory, aside, cause));
    if (restored === undefined) await this.#database.begin();
    return { ...(restored ?? (await this.#find())), damaged: true, told: true };
  }

  /** Undefined where nothing can be had of it. */
  async #restore(aside: string): Promise<OutboxFindings | undefined> {
    try {
      await this.#database.restore(aside);
      return await this.#find();
    } catch {
      return undefined;
    }
  }

  /** Goes through the open database. */
  async #find(): Promise<OutboxFindings> {
    this.#dels.clear();
    const recovery = new OutboxRecovery(this.#options.now);
    const { entries, last: stored, damaged } = await this.#database.contents();
    const found: OutboxFindings = { recovery, stored, damaged, told: false, next: firstKey, count: 0, bytes: 0 };
    for await (const { key, record, bytes } of entries) {
      found.next = Math.max(found.next, key + 1);
      if (record === undefined) {
        found.damaged = true;
        this.#dels.add(key);
        continue;
      }
      recovery.add(key, record);
      found.oldest ??= key;
      this.#age.found(key, record);
      found.count++;
      found.bytes += bytes;
    }
    return found;
  }

  /** The disk is full from the start: counts above all that may have been given, behind all that may lie there. */
  #beginBlind(): void {
    const file = this.#file;
    this.#cursor = this.#readable = this.#next = blindKey;
    for (const camera of file.cameras) this.#last.set(camera, file.reserved(camera));
    if (!file.known) this.#floor = Math.floor(this.#options.now() / 1000);
  }
}
