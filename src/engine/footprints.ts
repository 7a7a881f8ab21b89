import { cellOf, type Feet } from '../contract/heat.js';
import type { LiveTrack } from '../contract/live.js';

/** Between two pictures further apart than this nobody knows where anybody stood, milliseconds. */
const longestMs = 2000;

/** Adds up where the objects of one camera stood, and for how long. */
export class Footprints {
  /** Milliseconds by cell, by class. */
  #stood = new Map<string, Map<number, number>>();
  #lastMs: number | undefined;

  /** @param atMs when the picture was captured, on the monotonic clock */
  add(tracks: readonly Pick<LiveTrack, 'class' | 'box'>[], atMs: number): void {
    const ms = this.#lastMs === undefined ? 0 : atMs - this.#lastMs;
    this.#lastMs = atMs;
    if (ms <= 0 || ms > longestMs) return;
    for (const { class: name, box } of tracks) {
      const cells = this.#stood.get(name) ?? new Map<number, number>();
      const cell = cellOf((box[0] + box[2]) / 2, box[3]);
      cells.set(cell, (cells.get(cell) ?? 0) + ms);
      this.#stood.set(name, cells);
    }
  }

  /** What was added since the last call. */
  take(): Feet {
    const feet = Object.fromEntries(
      [...this.#stood].map(([name, cells]): [string, Feet[string]] => [
        name,
        [...cells].map(([cell, ms]) => [cell, Math.round(ms)]),
      ]),
    );
    this.#stood = new Map();
    return feet;
  }
}
