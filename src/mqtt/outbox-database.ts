import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { Gap, Observation } from '../contract/event.js';
import { damagedTables } from './level-tables.js';

/** What one entry says: an event with its number, or a hole in the numbers. */
export type OutboxRecord = { seq: number; observation: Observation } | { gap: Gap };

export interface OutboxEntry {
  /** Place in the order of all cameras' events; counts up, says nothing else. */
  readonly key: number;
  readonly record: OutboxRecord;
  /** As stored. */
  readonly bytes: number;
}

/** What changes with one write, all of it or nothing. */
export interface OutboxChange {
  puts: Iterable<OutboxEntry>;
  dels: Iterable<number>;
  /** The last number of each camera that got one. */
  last: ReadonlyMap<string, number>;
}

/** All that lies there. */
export interface OutboxContents {
  /** In order; without a record where it is damaged. */
  entries: AsyncIterable<{ key: number; record: OutboxRecord | undefined; bytes: number }>;
  /** The last number of each camera; a damaged one is missing. */
  last: Map<string, number>;
  /** LevelDB or a checksum says that something that was there is not, or not as it was. */
  damaged: boolean;
}

/**
 * LevelDB's defaults (8 MB cache, two buffers of 4 MB) are made for databases that are read. What is compressed can't be
 * checked by us.
 */
const levelOptions = { cacheSize: 256 * 1024, writeBufferSize: 512 * 1024, maxOpenFiles: 64, compression: false };

const entries = { gte: 'e', lt: 'f' };
const numbers = { gte: 's', lt: 't' };

/** The outbox's files: a LevelDB database, whose keys are the order of the events. */
export class OutboxDatabase {
  #level: ClassicLevel | undefined;

  constructor(readonly directory: string) {}

  /**
   * Opens it, anew where it was open: after a failed write LevelDB refuses all others, and its log may end in half a
   * record.
   *
   * @throws what classic-level and the file system throw
   */
  async open(): Promise<void> {
    await this.close();
    await mkdir(this.directory, { recursive: true });
    const level = new ClassicLevel(this.directory, levelOptions);
    await level.open();
    this.#level = level;
  }

  /** @throws an error with the code `LEVEL_CORRUPTION` where it must not be opened: it would end the process */
  async check(): Promise<void> {
    const [damaged] = await damagedTables(this.directory);
    if (damaged !== undefined) throw corruption(damaged);
  }

  async close(): Promise<void> {
    const level = this.#level;
    this.#level = undefined;
    await level?.close();
  }

  /** Renames it, closed, so that a new one can begin in its place and nothing is deleted. Returns the new name. */
  async setAside(at: Date): Promise<string> {
    await this.close().catch(() => {});
    const aside = `${this.directory}.damaged-${at.toISOString().replaceAll(':', '-')}`;
    await rename(this.directory, aside);
    return aside;
  }

  /**
   * Opens what can still be read of a database that was set aside, in a copy.
   *
   * @throws what classic-level and the file system throw
   */
  async restore(aside: string): Promise<void> {
    const damaged = await damagedTables(aside);
    await cp(aside, this.directory, { recursive: true, filter: (path) => !damaged.includes(basename(path)) });
    await ClassicLevel.repair(this.directory);
    await this.open();
  }

  /** Opens an empty one in its place. */
  async begin(): Promise<void> {
    await this.close().catch(() => {});
    await rm(this.directory, { recursive: true, force: true });
    await this.open();
  }

  async contents(): Promise<OutboxContents> {
    const level = this.#opened();
    const last = new Map<string, number>();
    let damaged = await leftOut(this.directory);
    for await (const [key, value] of level.iterator(numbers)) {
      const seq = decode<number>(value);
      if (seq === undefined) damaged = true;
      else last.set(key.slice(1), seq);
    }
    return { entries: this.#scan(level), last, damaged };
  }

  async *#scan(level: ClassicLevel): AsyncGenerator<{ key: number; record: OutboxRecord | undefined; bytes: number }> {
    for await (const [key, value] of level.iterator(entries)) {
      yield { key: decodeKey(key), record: decode<OutboxRecord>(value), bytes: sizeOf(value) };
    }
  }

  /** The oldest entries from a place on. */
  async read(from: number, limit: number): Promise<OutboxEntry[]> {
    const found: OutboxEntry[] = [];
    for (const [key, value] of await this.#opened()
      .iterator({ ...entries, gte: encodeKey(from), limit })
      .all()) {
      const record = decode<OutboxRecord>(value);
      if (record === undefined) throw corruption(key);
      found.push({ key: decodeKey(key), record, bytes: sizeOf(value) });
    }
    return found;
  }

  /** @param sync wait until it is on the disk itself */
  async write({ puts, dels, last }: OutboxChange, sync: boolean): Promise<void> {
    const batch = this.#opened().batch();
    for (const key of dels) batch.del(encodeKey(key));
    for (const { key, record } of puts) batch.put(encodeKey(key), encode(record));
    for (const [camera, seq] of last) batch.put(`s${camera}`, encode(seq));
    await batch.write({ sync });
  }

  #opened(): ClassicLevel {
    if (this.#level === undefined) throw new Error('the database is closed');
    return this.#level;
  }
}

/** LevelDB opens a log with damaged records without an error and leaves them out; only its own log file says so. */
async function leftOut(directory: string): Promise<boolean> {
  const log = await readFile(join(directory, 'LOG'), 'utf8').catch(() => '');
  return /dropping \d+ bytes|Corruption/.test(log);
}

function corruption(what: string): Error {
  return Object.assign(new Error(`the checksum of ${what} is wrong`), { code: 'LEVEL_CORRUPTION' });
}

/** LevelDB sorts keys as bytes, so they have a fixed width. */
function encodeKey(key: number): string {
  return `e${String(key).padStart(16, '0')}`;
}

/** @throws an error with the code `LEVEL_CORRUPTION` where it is none of ours */
function decodeKey(key: string): number {
  const place = Number(key.slice(1));
  if (Number.isSafeInteger(place) && encodeKey(place) === key) return place;
  throw corruption(key);
}

const checksumDigits = 8;

/**
 * A value is a checksum and JSON. LevelDB does not check what it reads from its tables by default, so a flipped bit
 * would become a wrong event; the checksum makes it a lost one, and a lost one is announced.
 */
function encode(value: unknown): string {
  const json = JSON.stringify(value);
  return checksum(json) + json;
}

function decode<T>(stored: string): T | undefined {
  const json = stored.slice(checksumDigits);
  return stored.slice(0, checksumDigits) === checksum(json) ? (JSON.parse(json) as T) : undefined;
}

function sizeOf(stored: string): number {
  return Buffer.byteLength(stored) - checksumDigits;
}

/** FNV-1a, 32 bits, over UTF-16 units: `zlib.crc32` is not in every Node 20. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(checksumDigits, '0');
}
