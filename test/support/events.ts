import type { EventMessage, Observation } from '../../src/contract/event.js';

/** An observation with sensible values in all that a test does not name. */
export function observation(values: Partial<Observation> & { camera?: string; id?: string } = {}): Observation {
  return {
    type: 'new',
    camera: 'street',
    id: 't1',
    class: 'person',
    score: 0.8,
    bestScore: 0.9,
    box: [0.1, 0.2, 0.3, 0.4],
    zones: [],
    speed: 0.01,
    stationary: false,
    ageMs: 400,
    capturedAt: '2026-11-25T00:00:00.000Z',
    capturedMonotonicMs: 1234,
    ...values,
  } as Observation;
}

/** What a subscriber of one camera had to bear. */
export interface Account {
  /** Events heard, each once. */
  heard: number;
  /** Heard again with a number already heard. */
  again: number;
  /** The same number for something else: never allowed. */
  reused: number;
  /** A new number below one heard before: never allowed. */
  outOfOrder: number;
  /** Numbers neither heard nor told of as a gap: never allowed. */
  lost: number;
  /** Numbers told of as a gap and not heard. */
  toldLost: number;
  last: number;
}

/** Goes through all that one camera said, in the order heard. */
export function account(messages: readonly EventMessage[]): Account {
  const seen = new Map<number, string>();
  const told = new Set<number>();
  const result: Account = { heard: 0, again: 0, reused: 0, outOfOrder: 0, lost: 0, toldLost: 0, last: 0 };
  for (const message of messages) {
    if (message.type === 'gap') {
      for (let seq = message.from; seq <= message.to; seq++) told.add(seq);
      continue;
    }
    const { seq, id } = message;
    const before = seen.get(seq);
    if (before !== undefined) {
      result.again++;
      if (before !== id) result.reused++;
      continue;
    }
    seen.set(seq, id);
    result.heard++;
    if (seq < result.last) result.outOfOrder++;
    result.last = Math.max(result.last, seq);
  }
  for (let seq = 1; seq <= result.last; seq++) {
    if (seen.has(seq)) continue;
    if (told.has(seq)) result.toldLost++;
    else result.lost++;
  }
  return result;
}
