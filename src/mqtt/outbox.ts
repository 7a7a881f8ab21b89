import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import { createGap, span } from './gap.js';
import { ageStepOf } from './outbox-age.js';
import { OutboxDatabase, type OutboxEntry } from './outbox-database.js';
import * as errors from './outbox-error.js';
import { OutboxLimits } from './outbox-limits.js';
import { OutboxNumbers } from './outbox-numbers.js';
import { openOutbox } from './outbox-opening.js';
import { OutboxQueue } from './outbox-queue.js';
import { OutboxRecovery } from './outbox-recovery.js';

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

/** Entries fetched from disk at once. */
const readEntries = 128;
/** Acknowledged entries leave the disk with the next batch, or after this time: a batch of its own for each wears flash. */
const tidyMs = 100;
/** Where a run begins whose database can't be opened yet: behind all that may lie there. */
const blindKey = 2 ** 40;

/**
 * Events on disk from the moment they happen until the broker has acknowledged them.
 *
 * One loop does all reading and writing, one step at a time; what it has to write stands in the queue, and goes
 * as one batch a turn. While the disk takes nothing, it simply stays there, bounded, and may be read all the same.
 */
export class Outbox extends EventEmitter<OutboxEvents> {
  readonly #options: Required<OutboxOptions>;
  readonly #database: OutboxDatabase;
  readonly #numbers: OutboxNumbers;
  readonly #queue = new OutboxQueue();
  readonly #limits: OutboxLimits;

  #state: 'closed' | 'open' = 'closed';
  /** What lies on disk is known and counted. */
  #scanned = false;
  /** The disk takes nothing. */
  #failed = false;
  #readWanted = false;
  #work: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;

  constructor(options: OutboxOptions) {
    super();
    this.#database = options.database ?? new OutboxDatabase(options.directory);
    this.#numbers = new OutboxNumbers(`${options.directory}.seq`);
    this.#options = {
      now: Date.now,
      monotonic: () => performance.now(),
      maxAgeMs: Number.POSITIVE_INFINITY,
      retryMs: 5_000,
      database: this.#database,
      ...options,
    };
    this.#limits = new OutboxLimits(this.#options, this.#queue, (error) => this.emit('warning', error));
  }

  /** Events (and gaps) that the broker has not acknowledged. */
  get waiting(): number {
    return this.#queue.count;
  }

  /** Events given up since the start: the oldest of a full outbox, and those that the broker will never take. */
  get dropped(): number {
    return this.#limits.dropped;
  }

  /** Names the numbering that `seq` belongs to. */
  get stream(): string {
    return this.#numbers.file.stream;
  }

  /** Entries below this key are here already. */
  get nextKey(): number {
    return this.#queue.next;
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
    await this.#numbers.load();
    try {
      await this.#scan();
      await this.#numbers.file.reserve(this.#numbers.last);
    } catch (error) {
      if (error instanceof StateError) throw error;
      if (!this.#scanned) {
        this.#queue.startAt(blindKey);
        this.#numbers.beginBlind(this.#options.now());
      }
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
    const lost = [...this.#queue.unwritten].filter(({ record }) => 'observation' in record).length;
    if (lost > 0) this.emit('warning', errors.lostAtEnd(this.#options.directory, lost));
    await this.#database.close().catch(() => {});
    // A file that is not marked clean only makes the next start more careful.
    if (!this.#failed) await this.#numbers.file.close(this.#numbers.last).catch(() => {});
  }

  /** Gives an event its number and takes it in. It can be read once it is on disk. */
  append(observation: Observation): OutboxEntry {
    if (this.#state === 'closed') throw new Error('the outbox is closed');
    const entry = this.#queue.append({ seq: this.#numbers.next(observation.camera), observation });
    void this.#wake();
    return entry;
  }

  /** The oldest entry that was not taken, or nothing: then `readable` tells when there is. */
  peek(): OutboxEntry | undefined {
    const entry = this.#queue.peek();
    if (entry !== 'unread') return entry;
    this.#readWanted = true;
    void this.#wake();
    return undefined;
  }

  /** The same, and the next `peek` gives the one after it. */
  take(): OutboxEntry | undefined {
    const entry = this.peek();
    if (entry === undefined) return undefined;
    this.#queue.take(entry);
    return entry;
  }

  /** Taken, and acknowledged: it may go. */
  ack(key: number): void {
    const entry = this.#queue.untake(key);
    if (entry === undefined || this.#state === 'closed') return;
    this.#limits.acknowledged();
    this.#tidyTimer ??= setTimeout(() => {
      this.#tidyTimer = undefined;
      void this.#wake();
    }, tidyMs);
  }

  /** Taken, but the broker will never have it: its number is told of as a gap, which comes last. */
  reject(key: number): void {
    const entry = this.#queue.untake(key);
    if (entry === undefined || 'gap' in entry.record) return;
    this.#limits.dropped++;
    const { camera, from, to } = span(entry.record);
    this.#queue.append({ gap: createGap(camera, from, to, this.#options.now()) });
    void this.#wake();
  }

  /** All that was taken and not acknowledged comes again, in order. */
  rewind(): void {
    this.#queue.rewind();
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
        if (this.#limits.isFull) await this.#limits.bound(() => this.#oldest());
        if (this.#limits.isTooOld) this.#limits.expire(await this.#oldest());
        await this.#write();
      } catch (error) {
        await this.#mend(error).catch((e) => this.#fail(e));
      }
    }
    // In the same breath as the last look at what is to do: who asks from here on begins a new loop.
    this.#work = undefined;
    if (!this.#failed) return;
    this.#limits.boundMemory();
    if (this.#queue.expose()) this.emit('readable');
  }

  /** Fetches the entries at the cursor from disk. */
  async #read(): Promise<void> {
    this.#readWanted = false;
    const from = this.#queue.cursor;
    const entries = await this.#database.read(from, readEntries);
    this.#queue.learn(from, entries, entries.length < readEntries);
    this.emit('readable');
  }

  get #hasWork(): boolean {
    return this.#readWanted || this.#queue.hasUnwritten || this.#limits.isTooOld;
  }

  /** Entries from the cursor on: on disk a number of the oldest, in memory all. */
  async #oldest(): Promise<Iterable<OutboxEntry>> {
    return this.#queue.known(await this.#database.read(this.#queue.cursor, readEntries));
  }

  #watchAge(): void {
    const { maxAgeMs } = this.#options;
    if (!Number.isFinite(maxAgeMs)) return;
    const look = () => {
      this.#limits.look();
      if (this.#limits.isTooOld) void this.#wake();
    };
    look();
    this.#ageTimer = setInterval(look, ageStepOf(maxAgeMs)).unref();
  }

  async #write(): Promise<void> {
    const queue = this.#queue;
    if (!queue.hasUnwritten) return;
    const unwritten = queue.takeUnwritten();
    const { puts, dels } = unwritten;
    const last = this.#numbers.takeUnwritten();
    try {
      await this.#numbers.reserve(last);
      await this.#database.write({ puts: puts.values(), dels, last }, this.#options.fsync && puts.size > 0);
    } catch (error) {
      queue.putBack(unwritten);
      this.#numbers.putBack(last);
      throw error;
    }
    this.#limits.written();
    if (queue.written(unwritten)) this.emit('readable');
  }

  /** The disk does not take it: says so once, goes on in memory, and tries again later. */
  #fail(cause: unknown): void {
    const { directory, retryMs } = this.#options;
    if (!this.#failed) {
      this.#failed = true;
      this.emit('warning', errors.diskRefuses(directory, this.#limits.memoryEvents, cause));
    }
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#retry();
    }, retryMs);
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
    const { count } = this.#queue;
    const kept = this.#queue.lostDisk();
    this.#limits.dropped += count - kept.length;
    const recovery = new OutboxRecovery(now);
    for (const { key, record } of kept) recovery.add(key, record);
    const found = recovery.finish({
      stored: this.#numbers.last,
      file: this.#numbers.file,
      damaged: true,
      trusted: true,
      nextKey: this.#queue.next,
    });
    this.#queue.fill(found.gaps, found.nextKey);
    this.#numbers.putBack();
    await this.#database.open();
    this.emit('readable');
  }

  /** Opens the database and learns what lies there; what is there already stands behind it. */
  async #scan(): Promise<void> {
    const { file } = this.#numbers;
    const { directory, fsync, now } = this.#options;
    const contents = await openOutbox({
      database: this.#database,
      now,
      found: (key, record) => this.#limits.found(key, record),
      warn: (error) => this.emit('warning', error),
    });
    const { recovery, stored } = contents;
    // LevelDB passes over a cut log without a word, but a clean stop says what should have been there.
    const cut = file.clean && [...file.cameras].some((camera) => (stored.get(camera) ?? 0) < file.reserved(camera));
    const damaged = contents.damaged || cut;
    if (damaged && !contents.told) this.emit('warning', errors.lostSome(directory));
    const blind = this.#queue.next >= blindKey;
    const trusted = !damaged && !blind && (file.clean || file.sameBoot || fsync || !file.known);
    const found = recovery.finish({ stored, file, damaged, trusted, nextKey: contents.next });
    if (damaged && !file.known) this.#numbers.knowNothing(now());
    this.#numbers.found(found.last);
    this.#queue.forget(contents.unreadable);
    this.#queue.found(contents, found.gaps, found.nextKey);
    this.#scanned = true;
  }
}
