import type { Gap } from '../contract/event.js';
import type { OutboxRecord } from './outbox-database.js';

/** The numbers that a record stands for. */
export function span(record: OutboxRecord): { camera: string; from: number; to: number } {
  if ('gap' in record) return record.gap;
  return { camera: record.observation.camera, from: record.seq, to: record.seq };
}

/** @param at UTC in ms */
export function createGap(camera: string, from: number, to: number, at: number): Gap {
  return { type: 'gap', camera, from, to, at: new Date(at).toISOString() };
}
