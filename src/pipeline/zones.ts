import type { ZoneSettings } from '../config/schema.js';
import type { Point } from '../contract/geometry.js';

/** An object that stays within the margin of a border is taken to be where it has been for this time, seconds. */
const settleSeconds = 1;
/** Keeps a point that lies on the picture's edge inside a zone that ends there. */
const hair = 1e-6;

interface Edge {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

/** An area of the picture, bounded by a polygon (even-odd where it crosses itself). */
export class Zone {
  readonly classes: readonly string[] | undefined;
  readonly dwellSeconds: number | undefined;
  /** No margin is wider than this, or a narrow zone could not be entered. Picture widths. */
  readonly maxMargin: number;
  readonly #edges: readonly Edge[];
  /** Those that don't run along the picture's edge, where nobody can pass. */
  readonly #borders: readonly Edge[];

  /** @param aspect of the picture, width / height */
  constructor(
    readonly name: string,
    settings: ZoneSettings,
    private readonly aspect: number,
  ) {
    this.classes = settings.classes;
    this.dwellSeconds = settings.dwellSeconds;
    const corners = settings.polygon.map(([x, y]): Point => [x, y / aspect]);
    const extent = (axis: 0 | 1) => Math.max(...corners.map((c) => c[axis])) - Math.min(...corners.map((c) => c[axis]));
    this.maxMargin = Math.min(extent(0), extent(1)) / 4;
    this.#edges = corners.map(([x, y], i) => {
      const [nextX, nextY] = corners[(i + 1) % corners.length] as Point;
      return { x, y, dx: nextX - x, dy: nextY - y };
    });
    this.#borders = this.#edges.filter(
      ({ x, y, dx, dy }) => !(dx === 0 && (x === 0 || x === 1)) && !(dy === 0 && (y === 0 || y === 1 / aspect)),
    );
  }

  /** Signed distance from the border, picture widths: positive inside. Points outside the picture are moved to its edge. */
  depth(pictureX: number, pictureY: number): number {
    const x = Math.min(1 - hair, Math.max(hair, pictureX));
    const y = Math.min(1 - hair, Math.max(hair, pictureY)) / this.aspect;
    const distance = this.#distance(x, y);
    return this.#contains(x, y) ? distance : -distance;
  }

  /** Counts the edges that a ray to the right of the point crosses. */
  #contains(x: number, y: number): boolean {
    let inside = false;
    for (const edge of this.#edges) {
      const above = edge.y > y;
      if (above !== edge.y + edge.dy > y && x < edge.x + (edge.dx * (y - edge.y)) / edge.dy) inside = !inside;
    }
    return inside;
  }

  #distance(x: number, y: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { x: x0, y: y0, dx, dy } of this.#borders) {
      const length2 = dx * dx + dy * dy;
      const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length2));
      least = Math.min(least, Math.hypot(x - x0 - t * dx, y - y0 - t * dy));
    }
    return least;
  }
}

/** Follows one object in and out of one zone, with hysteresis: one on the border doesn't flicker. */
export class ZoneWatch {
  inside = false;
  /** When it came in, seconds. */
  enteredAt = 0;
  #dwellTold = false;
  #known = false;
  #doubtSince: number | undefined;

  constructor(readonly zone: Zone) {}

  /** For the zone of the same name with other corners: whoever is inside has not left it by that. */
  movedTo(zone: Zone): ZoneWatch {
    const watch = new ZoneWatch(zone);
    watch.inside = this.inside;
    watch.enteredAt = this.enteredAt;
    watch.#dwellTold = this.#dwellTold;
    return watch;
  }

  /**
   * @param x of the object's reference point, fraction of the picture
   * @param y of the same
   * @param margin picture widths
   * @param admitted whether the zone takes this class of object
   */
  step(x: number, y: number, margin: number, admitted: boolean, seconds: number): 'enter' | 'leave' | undefined {
    const depth = this.zone.depth(x, y);
    const inside = admitted && depth > 0;
    if (inside === this.inside) {
      this.#known = true;
      this.#doubtSince = undefined;
      return undefined;
    }
    this.#doubtSince ??= seconds;
    const sure =
      !this.#known ||
      !admitted ||
      Math.abs(depth) > Math.min(margin, this.zone.maxMargin) ||
      seconds - this.#doubtSince >= settleSeconds;
    this.#known = true;
    if (!sure) return undefined;
    this.#doubtSince = undefined;
    this.inside = inside;
    if (!inside) return 'leave';
    this.enteredAt = seconds;
    this.#dwellTold = false;
    return 'enter';
  }

  /** True once a stay, when it has become long enough. */
  dwellDue(seconds: number): boolean {
    const { dwellSeconds } = this.zone;
    if (!this.inside || this.#dwellTold || dwellSeconds === undefined) return false;
    this.#dwellTold = seconds - this.enteredAt >= dwellSeconds;
    return this.#dwellTold;
  }
}
