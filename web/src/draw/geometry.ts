import type { Box, Point } from '../../../src/contract/geometry.js';

/** Width and height, in any unit. */
export interface Size {
  width: number;
  height: number;
}

/** Where a picture lies inside a larger area, in that area's unit. */
export interface Placement extends Size {
  left: number;
  top: number;
}

/** The largest placement of a picture in an area that shows all of it, in its middle. */
export function fitInside(picture: Size, area: Size): Placement {
  if (picture.width <= 0 || picture.height <= 0) return { left: 0, top: 0, width: area.width, height: area.height };
  const scale = Math.min(area.width / picture.width, area.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { left: (area.width - width) / 2, top: (area.height - height) / 2, width, height };
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** Settings keep a ten-thousandth of the picture: a fifth of a pixel at 1920. */
const tidy = (value: number) => Math.round(clamp(value) * 10_000) / 10_000;

/** The nearest point that lies in the picture. */
export function insidePicture([x, y]: readonly [number, number]): Point {
  return [tidy(x), tidy(y)];
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** From a point to the nearest one of a segment. */
export function distanceToSegment(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : clamp(((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length);
  return distance(point, [from[0] + along * dx, from[1] + along * dy]);
}

/** Before which corner a new one belongs, so that it lies on the edge that it is nearest to. */
export function insertionIndex(polygon: readonly Point[], point: Point): number {
  let best = 0;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [index, corner] of polygon.entries()) {
    const next = polygon[(index + 1) % polygon.length] ?? corner;
    const away = distanceToSegment(point, corner, next);
    if (away < nearest) [best, nearest] = [index + 1, away];
  }
  return best;
}

/** Even-odd rule, as the pipeline's zones do it. */
export function polygonContains(polygon: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  let previous = polygon.at(-1);
  for (const corner of polygon) {
    if (previous && corner[1] > y !== previous[1] > y) {
      const crossing = ((previous[0] - corner[0]) * (y - corner[1])) / (previous[1] - corner[1]) + corner[0];
      if (x < crossing) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}

export function boxContains([left, top, right, bottom]: Box, [x, y]: Point): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

/** A box grown on each side by a fraction of the picture, so that a finger finds a small one. */
export function grow([left, top, right, bottom]: Box, by: number): Box {
  return [clamp(left - by), clamp(top - by), clamp(right + by), clamp(bottom + by)];
}

/** The place by which zones and lines judge an object: the middle of its lower edge. */
export function footOf([left, , right, bottom]: Box): Point {
  return [(left + right) / 2, bottom];
}

/** The mean of the corners: where a polygon's name is written. */
export function middleOf(points: readonly Point[]): Point {
  const sum = points.reduce<[number, number]>(([x, y], point) => [x + point[0], y + point[1]], [0, 0]);
  return [sum[0] / Math.max(1, points.length), sum[1] / Math.max(1, points.length)];
}

/** Area of what two boxes share over the area of both together, 0..1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([left, top, right, bottom]: Box) => (right - left) * (bottom - top);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** A polygon moved as a whole, no further than the picture's edge. */
export function moveWithin(points: readonly Point[], dx: number, dy: number): Point[] {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const right = Math.min(Math.max(dx, -Math.min(...xs)), 1 - Math.max(...xs));
  const down = Math.min(Math.max(dy, -Math.min(...ys)), 1 - Math.max(...ys));
  return points.map(([x, y]) => insidePicture([x + right, y + down]));
}
