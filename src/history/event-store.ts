import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observation } from '../contract/event.js';
import { type EventRecord, eventRecord, type Moment, type MomentType } from '../contract/event-record.js';
import type { Box } from '../contract/geometry.js';

export interface EventStoreOptions {
  directory: string;
  maxEvents: number;
  /** Of all files together. */
  maxBytes: number;
  maxAgeMs: number;
  /** UTC, milliseconds. */
  now: () => number;
  /** Is told once of each reason why something can't be written. */
  warn: (message: string) => void;
}

/** What may be kept of an event beside its record. */
export const fileKinds = ['snapshot', 'picture', 'clip'] as const;
export type FileKind = (typeof fileKinds)[number];
const extensions: Record<FileKind, string> = { snapshot: 'snapshot.jpg', picture: 'picture.jpg', clip: 'clip.mp4' };

/** What is asked of the list. */
export interface EventFilter {
  camera?: string | undefined;
  class?: string | undefined;
  type?: MomentType | undefined;
  zone?: string | undefined;
  after?: string | undefined;
  before?: string | undefined;
  limit: number;
}

interface Entry {
  record: EventRecord;
  /** Of each file that it has. */
  bytes: Partial<Record<FileKind, number>>;
}

const maxMoments = 64;
/** Pictures come before the event that they belong to; of so many that nothing was heard of yet, the boxes are kept. */
const maxEarly = 64;
/** Of the lines in the index, so many are out of date when it is written anew. */
const maxStale = 2000;

/**
 * The event list: a record a track, bounded by count, bytes and age, the oldest deleted first. Records are in memory and,
 * a line each time that something of one changes for good, in `index.jsonl`; pictures and clips are files beside it. A
 * disk that takes nothing costs the list its files, never an event over MQTT.
 */
export class EventStore {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #early = new Map<string, { bytes: Entry['bytes']; box: Box | null }>();
  #bytes = 0;
  #lines = 0;
  /** One write after the other. */
  #writing: Promise<void> = Promise.resolve();
  readonly #warned = new Set<string>();
  /** Things that could not be written. */
  failures = 0;

  private constructor(private readonly options: EventStoreOptions) {}

  static async open(options: EventStoreOptions): Promise<EventStore> {
    const store = new EventStore(options);
    await store.#load();
    return store;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns the record that has changed; undefined for a track that is not in the list any more */
  observe(seen: Observation): EventRecord | undefined {
    if (seen.type === 'state') return undefined; // of a region, no object
    const entry = seen.type === 'new' ? this.#begin(seen) : this.#entries.get(seen.id);
    if (entry === undefined) return undefined;
    const { record } = entry;
    record.class = seen.class;
    record.bestScore = Math.max(record.bestScore, seen.bestScore);
    record.lastAt = seen.capturedAt;
    if (seen.type !== 'update') addMoment(record.moments, momentOf(seen));
    if (seen.type === 'end') {
      record.endedAt = seen.capturedAt;
      record.reason = seen.reason;
    }
    if (seen.type === 'new' || seen.type === 'end') this.#write(entry);
    return record;
  }

  /** A picture of a track; it may come before anything was heard of that. A newer one takes the place of the one before. */
  addPictures(track: string, pictures: Partial<Record<'snapshot' | 'picture', Uint8Array>>, box: Box | null): void {
    for (const [kind, jpeg] of Object.entries(pictures) as ['snapshot' | 'picture', Uint8Array][]) {
      // As a whole: whoever reads it meanwhile gets the one before.
      this.#later(async () => {
        await writeFile(`${this.#path(track, kind)}.new`, jpeg);
        await rename(`${this.#path(track, kind)}.new`, this.#path(track, kind));
      });
      this.#added(track, kind, jpeg.length);
    }
    const entry = this.#entries.get(track);
    if (entry !== undefined) entry.record.pictureBox = box;
    else this.#earlyOf(track).box = box;
    this.#bound();
  }

  /** Where a clip is to be written; undefined for a track that is not in the list any more. */
  clipPath(track: string): string | undefined {
    return this.#entries.has(track) ? this.#path(track, 'clip') : undefined;
  }

  /** The clip is there. @returns the record, undefined where it is gone meanwhile */
  async addClip(track: string): Promise<EventRecord | undefined> {
    const { size } = await stat(this.#path(track, 'clip'));
    const entry = this.#entries.get(track);
    if (entry === undefined) {
      await rm(this.#path(track, 'clip'), { force: true });
      return undefined;
    }
    this.#added(track, 'clip', size);
    this.#write(entry);
    this.#bound();
    return this.#entries.get(track)?.record;
  }

  /** Newest first. */
  list({ limit, after, before, ...filter }: EventFilter): { events: EventRecord[]; before: string | null } {
    const found: EventRecord[] = [];
    for (const { record } of [...this.#entries.values()].reverse()) {
      if (before !== undefined && record.firstAt >= before) continue;
      if (after !== undefined && record.firstAt < after) continue;
      if (!fits(record, filter)) continue;
      if (found.length === limit) return { events: found, before: found.at(-1)?.firstAt ?? null };
      found.push(record);
    }
    return { events: found, before: null };
  }

  find(id: string): EventRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  /** The path of a file, once all is on disk that was told so far; undefined if there is none. */
  async fileOf(id: string, kind: FileKind): Promise<string | undefined> {
    await this.flush();
    return this.#entries.get(id)?.bytes[kind] === undefined ? undefined : this.#path(id, kind);
  }

  /** Resolves when all is on disk that was told so far. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #begin({ id, camera, capturedAt, bestScore, class: name }: Observation): Entry {
    const early = this.#early.get(id);
    this.#early.delete(id);
    const record: EventRecord = {
      ...{ id, camera, class: name, bestScore, firstAt: capturedAt, lastAt: capturedAt, endedAt: null, reason: null },
      ...{ moments: [], snapshot: null, picture: null, pictureBox: early?.box ?? null, clip: null },
    };
    const entry = { record, bytes: {} };
    this.#entries.set(id, entry);
    for (const [kind, bytes] of Object.entries(early?.bytes ?? {})) this.#keep(entry, kind as FileKind, bytes);
    this.#bound();
    return entry;
  }

  #earlyOf(track: string) {
    let early = this.#early.get(track);
    if (early === undefined) {
      early = { bytes: {}, box: null };
      this.#early.set(track, early);
      const oldest = this.#early.keys().next().value;
      if (this.#early.size > maxEarly && oldest !== undefined) this.#forgetEarly(oldest);
    }
    return early;
  }

  #forgetEarly(track: string): void {
    const { bytes } = this.#earlyOf(track);
    this.#early.delete(track);
    for (const [kind, size] of Object.entries(bytes)) {
      this.#bytes -= size;
      this.#later(() => rm(this.#path(track, kind as FileKind), { force: true }));
    }
  }

  #added(track: string, kind: FileKind, bytes: number): void {
    const entry = this.#entries.get(track);
    const sizes = entry?.bytes ?? this.#earlyOf(track).bytes;
    this.#bytes += bytes - (sizes[kind] ?? 0);
    sizes[kind] = bytes;
    if (entry !== undefined) this.#keep(entry, kind, bytes);
  }

  #keep(entry: Entry, kind: FileKind, bytes: number): void {
    entry.bytes[kind] = bytes;
    entry.record[kind] = `/api/events/${entry.record.id}/${kind === 'clip' ? 'clip.mp4' : `${kind}.jpg`}`;
  }

  /** Deletes the oldest until all bounds hold. */
  #bound(): void {
    const { maxEvents, maxBytes, maxAgeMs, now } = this.options;
    for (const { record } of this.#entries.values()) {
      const isTooOld = Date.parse(record.lastAt) < now() - maxAgeMs;
      if (!isTooOld && this.#entries.size <= maxEvents && this.#bytes <= maxBytes) return;
      this.#delete(record.id);
    }
  }

  #delete(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    for (const [kind, bytes] of Object.entries(entry.bytes)) {
      this.#bytes -= bytes;
      this.#later(() => rm(this.#path(id, kind as FileKind), { force: true }));
    }
  }

  #path(id: string, kind: FileKind): string {
    return join(this.options.directory, `${id}.${extensions[kind]}`);
  }

  get #index(): string {
    return join(this.options.directory, 'index.jsonl');
  }

  #write({ record }: Entry): void {
    const line = `${JSON.stringify(record)}\n`;
    this.#lines += 1;
    if (this.#lines > this.#entries.size + maxStale) this.#writeAll();
    else this.#later(() => appendFile(this.#index, line));
  }

  #writeAll(): void {
    this.#lines = this.#entries.size;
    const text = [...this.#entries.values()].map(({ record }) => `${JSON.stringify(record)}\n`).join('');
    this.#later(async () => {
      await writeFile(`${this.#index}.new`, text);
      await rename(`${this.#index}.new`, this.#index);
    });
  }

  #later(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: Error) => {
      this.failures += 1;
      const reason = (error as NodeJS.ErrnoException).code ?? error.message;
      if (this.#warned.has(reason)) return;
      this.#warned.add(reason);
      this.options.warn(`events    something of the event list could not be kept: ${error.message}`);
    });
  }

  async #load(): Promise<void> {
    const { directory } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const record of await readIndex(this.#index)) {
      // It was still there when the daemon ended: nobody knows how it went on.
      if (record.endedAt === null) record.endedAt = record.lastAt;
      this.#entries.set(record.id, { record, bytes: {} });
    }
    for (const file of await readdir(directory)) {
      const [, id = '', extension = ''] = /^([\w-]+)\.(snapshot\.jpg|picture\.jpg|clip\.mp4)$/.exec(file) ?? [];
      const kind = fileKinds.find((one) => extensions[one] === extension);
      const entry = this.#entries.get(id);
      const path = join(directory, file);
      if (kind !== undefined && entry !== undefined) {
        const { size } = await stat(path);
        entry.bytes[kind] = size;
        this.#bytes += size;
      } else if (file !== 'index.jsonl') await rm(path, { force: true });
    }
    for (const { record, bytes } of this.#entries.values()) {
      for (const kind of fileKinds) if (bytes[kind] === undefined) record[kind] = null;
    }
    this.#bound();
    this.#writeAll();
    await this.flush();
  }
}

/** The newest line of each record, in the order of their first; a line that was cut off at a crash is passed over. */
async function readIndex(path: string): Promise<EventRecord[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const records = new Map<string, EventRecord>();
  for (const line of text.split('\n')) {
    try {
      const record = eventRecord.parse(JSON.parse(line));
      records.set(record.id, record);
    } catch {
      // Cut off, or of another version.
    }
  }
  return [...records.values()];
}

function fits(record: EventRecord, { camera, class: name, type, zone }: Omit<EventFilter, 'limit'>): boolean {
  if (camera !== undefined && record.camera !== camera) return false;
  if (name !== undefined && record.class !== name) return false;
  if (type !== undefined && !record.moments.some((moment) => moment.type === type)) return false;
  return zone === undefined || record.moments.some((moment) => moment.zone === zone);
}

/** The first ones say how it began, the newest how it went on. */
function addMoment(moments: Moment[], moment: Moment): void {
  moments.push(moment);
  if (moments.length > maxMoments) moments.splice(maxMoments / 2, 1);
}

function momentOf(seen: Exclude<Observation, { type: 'update' | 'state' }>): Moment {
  const common = { type: seen.type, at: seen.capturedAt, box: seen.box };
  switch (seen.type) {
    case 'crossing':
      return { ...common, line: seen.line, direction: seen.direction };
    case 'enter':
      return { ...common, zone: seen.zone };
    case 'leave':
    case 'dwell':
      return { ...common, zone: seen.zone, dwellMs: seen.dwellMs };
    default:
      return common;
  }
}
