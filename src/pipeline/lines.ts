import type { LineSettings } from '../config/schema.js';
import type { Direction } from '../contract/event.js';

/** A directed line over the picture. Side a is left of it, looking from its `from` to its `to`; side b is right. */
export class Line {
  readonly classes: readonly string[] | undefined;
  readonly #x: number;
  readonly #y: number;
  readonly #dx: number;
  readonly #dy: number;
  readonly #length: number;

  /** @param aspect of the picture, width / height */
  constructor(
    readonly name: string,
    settings: LineSettings,
    private readonly aspect: number,
  ) {
    this.classes = settings.classes;
    this.#x = settings.from[0];
    this.#y = settings.from[1] / aspect;
    this.#dx = settings.to[0] - this.#x;
    this.#dy = settings.to[1] / aspect - this.#y;
    this.#length = Math.hypot(this.#dx, this.#dy);
  }

  /** Signed distance from the endless line, picture widths: negative on side a, since y points down. */
  distance(x: number, y: number): number {
    return (this.#dx * (y / this.aspect - this.#y) - this.#dy * (x - this.#x)) / this.#length;
  }

  /** How far along it a point lies: 0 at `from`, 1 at `to`. */
  along(x: number, y: number): number {
    return (this.#dx * (x - this.#x) + this.#dy * (y / this.aspect - this.#y)) / this.#length ** 2;
  }
}

/**
 * Follows one object's path over one line. The path changes sides where it cuts the line, between its ends or
 * around them; it has crossed once it is a margin away on the other side, so jitter on the line counts nothing.
 */
export class LineWatch {
  #along = 0;
  #distance = 0;
  /** On which side the object was last clearly: -1 a, 1 b, 0 not looked yet. */
  #settled = 0;
  /** Where the path was last. */
  #side = 0;
  /** Whether it came there between the ends of the line. */
  #through = false;

  constructor(readonly line: Line) {}

  /**
   * @param x of the object's reference point, fraction of the picture
   * @param y of the same
   * @param margin picture widths
   */
  step(x: number, y: number, margin: number): Direction | undefined {
    const distance = this.line.distance(x, y);
    const along = this.line.along(x, y);
    const side = Math.sign(distance) || this.#side;
    if (this.#settled === 0) {
      this.#settled = side;
    } else if (side !== this.#side) {
      const part = this.#distance / (this.#distance - distance);
      const cut = this.#along + part * (along - this.#along);
      this.#through = cut >= 0 && cut <= 1;
    }
    this.#side = side;
    this.#distance = distance;
    this.#along = along;
    return Math.abs(distance) > margin ? this.finish() : undefined;
  }

  /** Settles for the side where the object is now. */
  finish(): Direction | undefined {
    if (this.#side === this.#settled) return undefined;
    const direction = this.#side > 0 ? 'a-to-b' : 'b-to-a';
    this.#settled = this.#side;
    return this.#through ? direction : undefined;
  }
}

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
