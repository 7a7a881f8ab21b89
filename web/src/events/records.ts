import type { EventRecord, MomentType } from '../../../src/contract/event-record.js';
import type { HttpEvents } from '../../../src/contract/http.js';
import { ask } from '../board/http.js';
import type { Day } from './day.js';

/** What the list is narrowed down to; an empty text: anything. */
export interface EventFilter {
  camera: string;
  class: string;
  type: MomentType | '';
  zone: string;
}

export const noFilter: EventFilter = { camera: '', class: '', type: '', zone: '' };

/** More in a day is a street: the list says that there is more. */
export const mostRecords = 2000;
const pageSize = 500;

/** The events that began on a day, newest first. @throws {BoardError} */
export async function fetchDay(
  filter: EventFilter,
  day: Day,
  signal: AbortSignal,
): Promise<{ records: EventRecord[]; isComplete: boolean }> {
  const records: EventRecord[] = [];
  let before: string | null = new Date(day.to).toISOString();
  while (before !== null && records.length < mostRecords) {
    const page: HttpEvents = await ask<HttpEvents>('/api/events', {
      query: { ...filter, after: new Date(day.from).toISOString(), before, limit: pageSize },
      signal,
    });
    records.push(...page.events);
    before = page.events.length === 0 ? null : page.before;
  }
  return { records, isComplete: before === null };
}

/** Whether a record that has just been told belongs to the list. */
export function matches(record: EventRecord, filter: EventFilter, day: Day): boolean {
  const at = Date.parse(record.firstAt);
  return (
    at >= day.from &&
    at < day.to &&
    (filter.camera === '' || record.camera === filter.camera) &&
    (filter.class === '' || record.class === filter.class) &&
    (filter.type === '' || record.moments.some(({ type }) => type === filter.type)) &&
    (filter.zone === '' || record.moments.some(({ zone }) => zone === filter.zone))
  );
}

/** The list with a record that is new or has changed; newest first. */
export function withRecord(records: readonly EventRecord[], record: EventRecord): EventRecord[] {
  const others = records.filter(({ id }) => id !== record.id);
  const index = others.findIndex(({ firstAt }) => firstAt < record.firstAt);
  return others.toSpliced(index === -1 ? others.length : index, 0, record);
}
