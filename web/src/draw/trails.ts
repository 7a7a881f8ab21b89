import type { Point } from '../../../src/contract/geometry.js';

interface Trail {
  class: string;
  points: { at: number; foot: Point }[];
}

/** Where the tracks of one camera have walked, seconds back. Old points go by the pictures' own time, so a pause keeps them. */
export class Trails {
  /** Longer than anybody follows with their eyes. */
  static readonly keepMs = 6000;
  readonly #trails = new Map<string, Trail>();

  /** `at`: when the picture was captured, ms. Tracks that are not in it end. */
  add(at: number, tracks: readonly { id: string; class: string; foot: Point }[]): void {
    const seen = new Set(tracks.map(({ id }) => id));
    for (const id of this.#trails.keys()) if (!seen.has(id)) this.#trails.delete(id);
    for (const { id, class: name, foot } of tracks) {
      const trail = this.#trails.get(id) ?? { class: name, points: [] };
      trail.class = name;
      trail.points.push({ at, foot });
      trail.points = trail.points.filter((point) => point.at > at - Trails.keepMs && point.at <= at);
      this.#trails.set(id, trail);
    }
  }

  clear(): void {
    this.#trails.clear();
  }

  /** Each with the age of its points, 0 (now) to 1 (about to go). */
  at(now: number): { class: string; points: { foot: Point; age: number }[] }[] {
    return [...this.#trails.values()].map((trail) => ({
      class: trail.class,
      points: trail.points.map(({ at, foot }) => ({ foot, age: Math.min(1, (now - at) / Trails.keepMs) })),
    }));
  }
}
