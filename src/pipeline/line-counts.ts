import type { Direction } from '../contract/event.js';

export type DirectionCounts = Record<Direction, number>;

/** How many of each class have crossed each line since the start. */
export class LineCounts {
  readonly #counts = new Map<string, DirectionCounts>();

  /** @returns the counts with this crossing, a copy */
  add(line: string, className: string, direction: Direction): DirectionCounts {
    const key = `${line}/${className}`; // a line's name holds no slash
    const counts = this.#counts.get(key) ?? { 'a-to-b': 0, 'b-to-a': 0 };
    counts[direction]++;
    this.#counts.set(key, counts);
    return { ...counts };
  }
}
