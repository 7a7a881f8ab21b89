import * as fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Observation } from '../../contract/event.js';

/** By camera: a number of its events. */
export type Numbers = Record<string, number>;

/** The first line of a segment: all that the segments before it tell, so that they can be deleted. */
export interface Header {
  version: 2;
  /** Linux's name for the current start of the system; '' elsewhere. */
  boot: string;
  /** Names the numbering. */
  stream: string;
  /** Written at the end of a run: `last` is exact, and nothing follows. */
  clean: boolean;
  /** The last number given, and the last one that the broker has with all before it. */
  last: Numbers;
  acknowledged: Numbers;
}

export interface StoredEvent {
  seq: number;
  observation: Observation;
}

/** The calls that write; others only in tests of a disk that refuses. */
export type Disk = Pick<typeof fs, 'openSync' | 'writeSync' | 'fdatasync'>;

/** More events than this are never in a segment. */
export const segmentEvents = 1000;

/** What is appended to a segment. */
type Line = StoredEvent | { acknowledged: Numbers } | { next: Header };

/** One file of the outbox's log. It is only ever appended to, and deleted as a whole. */
export class Segment {
  readonly path: string;
  /** Of the file, bytes. */
  size = 0;
  /** Events in it, and those of them that the broker does not have. */
  events = 0;
  waiting = 0;
  /** When it began, and when its last event came, on the monotonic clock; ms. */
  began = 0;
  at = 0;
  damaged = false;
  /** So many of its events are on the disk itself; undefined as long as not even the header is. */
  synced: number | undefined;
  #file: number | undefined;

  constructor(
    readonly directory: string,
    readonly id: number,
  ) {
    this.path = join(directory, `${String(id).padStart(10, '0')}.segment`);
  }

  /** Those of a directory, in order. @throws what the file system throws */
  static list(directory: string): Segment[] {
    const names = fs.readdirSync(directory).filter((name) => /^\d{10}\.segment$/.test(name));
    return names.sort().map((name) => new Segment(directory, Number.parseInt(name, 10)));
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** @throws what the file system throws */
  create(disk: Disk, header: Header): void {
    this.#file = disk.openSync(this.path, 'w', 0o600);
    try {
      this.append(disk, encode(header));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** All of it or nothing. @throws what the file system throws */
  append(disk: Disk, lines: string): void {
    const file = this.#file ?? -1;
    const bytes = Buffer.from(lines);
    try {
      for (let from = 0; from < bytes.length; ) from += disk.writeSync(file, bytes, from);
    } catch (error) {
      if (this.isOpen) fs.ftruncateSync(file, this.size);
      throw error;
    }
    this.size += bytes.length;
  }

  /** Resolves when all that was appended is on the disk itself. @throws what the file system throws */
  async sync(disk: Disk): Promise<void> {
    if (this.#file === undefined) return;
    const { events } = this;
    await promisify(disk.fdatasync)(this.#file);
    const directory = this.synced === undefined ? await fs.promises.open(this.directory, 'r') : undefined;
    await directory?.sync().finally(() => directory.close());
    this.synced = events;
  }

  close(): void {
    if (this.#file !== undefined) fs.closeSync(this.#file);
    this.#file = undefined;
  }

  /** A damaged one is kept, for whoever wants to know what happened. */
  discard(): void {
    try {
      if (this.damaged) fs.renameSync(this.path, `${this.path}.damaged`);
      else fs.unlinkSync(this.path);
    } catch {
      // It is gone already, or is found by the next start.
    }
  }

  /** What is intact of it; and whether all is, which `damaged` tells from then on. */
  async read() {
    const lines = (await fs.promises.readFile(this.path, 'utf8').catch(() => '')).split('\n');
    const header = decode<Header>(lines[0] ?? '');
    const acknowledged: Numbers = {};
    const events: (StoredEvent & { offset: number; bytes: number })[] = [];
    /** The header of the segment after it. */
    let next: Header | undefined;
    // What was being written when the power went.
    const isTorn = lines.pop() !== '';
    let brokenBytes = 0;
    let offset = 0;
    for (const [index, text] of lines.entries()) {
      const bytes = Buffer.byteLength(text) + 1;
      const line = index === 0 ? header : decode<Line>(text);
      if (line === undefined) brokenBytes += bytes;
      else if ('seq' in line) events.push({ ...line, offset, bytes });
      else if ('next' in line) next = line.next;
      else if (index > 0) Object.assign(acknowledged, line.acknowledged);
      offset += bytes;
    }
    this.events = events.length;
    this.damaged = isTorn || brokenBytes > 0;
    return { header, acknowledged, events, next, isTorn, brokenBytes };
  }

  /** One event again; undefined if it is not there as it was. */
  event(offset: number, bytes: number): StoredEvent | undefined {
    try {
      const file = fs.openSync(this.path, 'r');
      const line = Buffer.alloc(bytes - 1);
      fs.readSync(file, line, 0, line.length, offset);
      fs.closeSync(file);
      return decode<StoredEvent>(String(line));
    } catch {
      return undefined;
    }
  }
}

/** A checksum, JSON, and the end of the line, at which reading begins anew after damage. */
export function encode(value: Header | Line): string {
  const json = JSON.stringify(value);
  return `${checksum(json)}${json}\n`;
}

/** Undefined if it is not as it was written. Version 0.1 stored its values like this, too. */
export function decode<T>(text: string): T | undefined {
  const json = text.slice(8);
  return json !== '' && text.slice(0, 8) === checksum(json) ? (JSON.parse(json) as T) : undefined;
}

/** FNV-1a, 32 bits, over UTF-16 units: finds every single flipped bit. `zlib.crc32` is not in every Node 20. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
