/** A point of the picture; the unit is the caller's, y points down. */
export type Point = readonly [number, number];

export type Direction = 'a-to-b' | 'b-to-a';

/**
 * Which side of the line a point is on: negative is left of the direction from -> to, positive right of it (y points
 * down), 0 on it. It is the sign of (to - from) x (p - from).
 */
export function sideOf(from: Point, to: Point, p: Point): number {
  return (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0]);
}

/**
 * Whether a step crosses the line's segment, and which way: side a is left of the direction from -> to, side b right.
 * A step that ends on the line has not crossed yet; the one that leaves it does, if it leaves on the other side.
 */
export function crossingOf(from: Point, to: Point, before: Point, after: Point): Direction | undefined {
  const s0 = sideOf(from, to, before);
  const s1 = sideOf(from, to, after);
  if (s0 === 0 || s1 === 0 || s0 < 0 === s1 < 0) return undefined;
  // Does the step pass between the segment's ends?
  const e0 = sideOf(before, after, from);
  const e1 = sideOf(before, after, to);
  if (e0 < 0 === e1 < 0) return undefined;
  return s0 < 0 ? 'a-to-b' : 'b-to-a';
}

/** The reference point of a box: the middle of its bottom edge. */
export const footOf = (box: readonly [number, number, number, number]): Point => [(box[0] + box[2]) / 2, box[3]];
