import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode, type Header, type Numbers, Segment, type StoredEvent } from './segment.js';

/** What version 0.1 remembered beside the outbox, in `<directory>.seq`. */
interface OldNumbers {
  stream: string;
  boot: string;
  /** `cameras` holds the last numbers given; else numbers that were not reached. */
  clean: boolean;
  cameras: Numbers;
}

/**
 * Makes a segment of an outbox of version 0.1, which kept its events in LevelDB. The native `classic-level` is loaded
 * only if there is one.
 *
 * @returns the directory that was moved out of the way, with the error if it can't be read and is kept
 */
export async function migrateVersion01(directory: string): Promise<{ path: string; error?: unknown } | undefined> {
  // LevelDB ends the process over some damage: each attempt has another name, and the third is the last.
  const names = [directory, ...[1, 2, 3].map((attempt) => `${directory}.version-0.1-attempt-${attempt}`)];
  const place = names.findIndex((name) => existsSync(join(name, 'CURRENT')));
  const [from, path] = names.slice(place, place + 2);
  if (place < 0 || from === undefined || path === undefined) return undefined;
  await rename(from, path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const numbers = JSON.parse(await readFile(`${directory}.seq`, 'utf8').catch(() => '{}')) as Partial<OldNumbers>;
  const { stream = 'version-0.1', boot = '', clean = false, cameras = {} } = numbers;
  const acknowledged: Numbers = clean ? { ...cameras } : {};
  const header: Header = { version: 2, boot, stream, clean: true, last: { ...cameras }, acknowledged };
  let lines = '';
  let error: unknown;
  try {
    const first = new Set<string>();
    for await (const event of events(path)) {
      const { camera } = event.observation;
      if (!first.has(camera)) acknowledged[camera] = event.seq - 1;
      first.add(camera);
      lines += encode(event);
    }
  } catch (thrown) {
    error = thrown;
    header.acknowledged = {}; // what can't be read shows as a gap
  }
  const temporary = join(directory, 'version-0.1');
  const file = await open(temporary, 'w', 0o600);
  await file.writeFile(encode(header) + lines);
  await file.sync().finally(() => file.close());
  await rename(temporary, new Segment(directory, 1).path);
  if (error !== undefined) return { path, error };
  await rm(path, { recursive: true, force: true });
  return { path };
}

/** In order; gaps show by themselves. */
async function* events(path: string): AsyncGenerator<StoredEvent> {
  const { ClassicLevel } = await import('classic-level');
  const level = new ClassicLevel(path, { createIfMissing: false });
  await level.open();
  try {
    for await (const value of level.values({ gte: 'e', lt: 'f' })) {
      const record = decode<StoredEvent | { gap: object }>(value);
      if (record !== undefined && 'seq' in record) yield record;
    }
  } finally {
    await level.close();
  }
}
