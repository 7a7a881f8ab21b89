import type { StateError } from '../contract/errors.js';
import type { OutboxDatabase, OutboxRecord } from './outbox-database.js';
import * as errors from './outbox-error.js';
import { firstKey, type Lying } from './outbox-queue.js';
import { OutboxRecovery } from './outbox-recovery.js';

/** What a database held when it was opened. */
export interface OutboxFindings extends Lying {
  recovery: OutboxRecovery;
  /** The last number of each camera. */
  stored: Map<string, number>;
  damaged: boolean;
  /** The owner has been told of the damage. */
  told: boolean;
  /** Places of entries that can't be read. */
  unreadable: number[];
}

export interface OpeningOptions {
  database: OutboxDatabase;
  /** UTC in ms. */
  now: () => number;
  /** Is told of each entry, in order. */
  found: (key: number, record: OutboxRecord) => void;
  warn: (error: StateError) => void;
}

/**
 * Opens an outbox's database and goes through what lies there; where it is damaged, through what can be had of it, else
 * through a new one. What can't be read is set aside, never deleted.
 *
 * @throws {StateError} where the directory can't be used at all, or another daemon uses it
 * @throws what the file system throws where the disk is full
 */
export async function openOutbox(options: OpeningOptions): Promise<OutboxFindings> {
  const { database } = options;
  try {
    await database.check();
    await database.open();
    return await goThrough(options);
  } catch (cause) {
    return await rescue(options, cause);
  }
}

async function rescue(options: OpeningOptions, cause: unknown): Promise<OutboxFindings> {
  const { database, now, warn } = options;
  const { directory } = database;
  if (errors.causeCode(cause) === 'LEVEL_LOCKED') throw errors.inUse(directory, cause);
  if (errors.isRightsFault(cause)) throw errors.directoryUnusable(directory, cause);
  if (errors.isDisksFault(cause)) throw cause;
  const aside = await database.setAside(new Date(now())).catch((error) => {
    throw errors.directoryUnusable(directory, error);
  });
  const restored = await restore(options, aside);
  warn((restored ? errors.repaired : errors.setAside)(directory, aside, cause));
  if (restored === undefined) await database.begin();
  return { ...(restored ?? (await goThrough(options))), damaged: true, told: true };
}

/** Undefined where nothing can be had of it. */
async function restore(options: OpeningOptions, aside: string): Promise<OutboxFindings | undefined> {
  try {
    await options.database.restore(aside);
    return await goThrough(options);
  } catch {
    return undefined;
  }
}

async function goThrough({ database, now, found }: OpeningOptions): Promise<OutboxFindings> {
  const recovery = new OutboxRecovery(now);
  const { entries, last: stored, damaged } = await database.contents();
  const findings: OutboxFindings = {
    recovery,
    stored,
    damaged,
    told: false,
    unreadable: [],
    next: firstKey,
    count: 0,
    bytes: 0,
  };
  for await (const { key, record, bytes } of entries) {
    findings.next = Math.max(findings.next, key + 1);
    if (record === undefined) {
      findings.damaged = true;
      findings.unreadable.push(key);
      continue;
    }
    recovery.add(key, record);
    findings.oldest ??= key;
    found(key, record);
    findings.count++;
    findings.bytes += bytes;
  }
  return findings;
}
