import type { EventMessage } from '../contract/event.js';

export interface EventCounts {
  /** Different ones. */
  heard: number;
  twice: number;
  /** Numbers that never came and that no gap tells of. */
  lost: number;
  /** Numbers that a gap says will never come. */
  told: number;
}

/** Counts by the numbers of each camera's events, of one daemon's life. */
export function countEvents(messages: readonly EventMessage[]): EventCounts {
  const seen = new Map<string, Set<number>>();
  const gaps = new Map<string, Set<number>>();
  let twice = 0;
  const of = (sets: Map<string, Set<number>>, camera: string) => {
    const set = sets.get(camera) ?? new Set();
    sets.set(camera, set);
    return set;
  };
  for (const message of messages) {
    if (message.type === 'gap') {
      for (let seq = message.from; seq <= message.to; seq++) of(gaps, message.camera).add(seq);
    } else {
      const numbers = of(seen, message.camera);
      if (numbers.has(message.seq)) twice += 1;
      numbers.add(message.seq);
    }
  }
  const counts: EventCounts = { heard: 0, twice, lost: 0, told: 0 };
  for (const [camera, numbers] of seen) {
    counts.heard += numbers.size;
    for (let seq = 1; seq <= Math.max(...numbers); seq++) {
      if (numbers.has(seq)) continue;
      if (gaps.get(camera)?.has(seq)) counts.told += 1;
      else counts.lost += 1;
    }
  }
  return counts;
}
