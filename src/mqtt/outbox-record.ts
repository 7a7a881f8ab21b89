import type { Gap, Observation } from '../contract/event.js';

/** What one entry of the outbox says: an event with its number, or a hole in the numbers. */
export type OutboxRecord = { seq: number; observation: Observation } | { gap: Gap };

export interface OutboxEntry {
  /** Place in the order of all cameras' events; counts up, says nothing else. */
  readonly key: number;
  readonly record: OutboxRecord;
  /** As stored. */
  readonly bytes: number;
}

/** Numbers that an entry stands for. */
export function span(record: OutboxRecord): { camera: string; from: number; to: number } {
  if ('gap' in record) return record.gap;
  return { camera: record.observation.camera, from: record.seq, to: record.seq };
}

/** LevelDB sorts keys as bytes, so they have a fixed width. */
const prefix = 'e';
export const entryRange = { gte: prefix, lt: 'f' };

export function encodeKey(key: number): string {
  return prefix + String(key).padStart(16, '0');
}

export function decodeKey(key: string): number {
  return Number(key.slice(prefix.length));
}

/**
 * A value is a checksum and JSON. LevelDB does not check what it reads from its tables by default, so a flipped bit
 * would become a wrong event; the checksum makes it a lost one, and a lost one is announced.
 */
export function encode(value: unknown): string {
  const json = JSON.stringify(value);
  return checksum(json) + json;
}

/** The value, or undefined where it is damaged. */
export function decode<T>(stored: string): T | undefined {
  const json = stored.slice(checksumLength);
  if (stored.slice(0, checksumLength) !== checksum(json)) return undefined;
  return JSON.parse(json) as T;
}

/** Hexadecimal digits. */
export const checksumLength = 8;

/** FNV-1a, 32 bits, over UTF-16 units: `zlib.crc32` is not in every Node 20. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(checksumLength, '0');
}
