import type { Box, Point } from '../../../src/contract/geometry.js';
import { insertionIndex, insidePicture, moveWithin } from '../draw/geometry.js';

/** What can be drawn on a camera's picture. `key` tells shapes apart while their names change. */
interface Named {
  key: string;
  name: string;
}
export interface ZoneShape extends Named {
  kind: 'zone';
  points: Point[];
  /** null: all of the model. */
  classes: string[] | null;
  /** null: no `dwell` event. */
  dwellSeconds: number | null;
}
export interface LineShape extends Named {
  kind: 'line';
  /** Looking from the first to the second, left is side a. */
  points: [Point, Point];
  classes: string[] | null;
}
/** Nothing is told of what stands in it. */
export interface MaskShape extends Named {
  kind: 'mask';
  points: Point[];
  classes: string[] | null;
}
export interface RegionShape extends Named {
  kind: 'region';
  box: Box;
}
export type Shape = ZoneShape | LineShape | MaskShape | RegionShape;
export type ShapeKind = Shape['kind'];

/** Fewest corners by which a shape is one. */
export const fewestCorners: Record<ShapeKind, number> = { zone: 3, line: 2, mask: 3, region: 4 };
/** Of a region, fraction of the picture: as the settings have it. */
const smallestRegion = 0.125;

export function cornersOf(shape: Shape): readonly Point[] {
  if (shape.kind !== 'region') return shape.points;
  const [left, top, right, bottom] = shape.box;
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

export function moveCorner(shape: Shape, index: number, to: Point): Shape {
  const point = insidePicture(to);
  if (shape.kind === 'region') return { ...shape, box: moveBoxCorner(shape.box, index, point) };
  const points = shape.points.map((corner, i) => (i === index ? point : corner));
  return shape.kind === 'line' ? { ...shape, points: points as [Point, Point] } : { ...shape, points };
}

function moveBoxCorner([left, top, right, bottom]: Box, index: number, [x, y]: Point): Box {
  const isLeft = index === 0 || index === 3;
  const isTop = index < 2;
  const [x1, x2] = isLeft ? [Math.min(x, right - smallestRegion), right] : [left, Math.max(x, left + smallestRegion)];
  const [y1, y2] = isTop ? [Math.min(y, bottom - smallestRegion), bottom] : [top, Math.max(y, top + smallestRegion)];
  return [x1, y1, x2, y2];
}

/** Moved as a whole, as far as the picture goes. */
export function moveShape(shape: Shape, dx: number, dy: number): Shape {
  const moved = moveWithin(cornersOf(shape), dx, dy);
  switch (shape.kind) {
    case 'region': {
      const [from, , to] = moved as [Point, Point, Point];
      return { ...shape, box: [from[0], from[1], to[0], to[1]] };
    }
    case 'line':
      return { ...shape, points: moved as [Point, Point] };
    default:
      return { ...shape, points: moved };
  }
}

/** A new corner on the edge that is nearest; only polygons take one. */
export function insertCorner(shape: Shape, point: Point, index?: number): Shape {
  if (shape.kind !== 'zone' && shape.kind !== 'mask') return shape;
  const at = index ?? insertionIndex(shape.points, point);
  return { ...shape, points: shape.points.toSpliced(at, 0, insidePicture(point)) };
}

/** Without a corner; a shape keeps the fewest that it needs. */
export function removeCorner(shape: Shape, index: number): Shape {
  if (shape.kind !== 'zone' && shape.kind !== 'mask') return shape;
  if (shape.points.length <= fewestCorners[shape.kind]) return shape;
  return { ...shape, points: shape.points.toSpliced(index, 1) };
}

/** A line whose sides have changed places. */
export function turnLine(shape: LineShape): LineShape {
  return { ...shape, points: [shape.points[1], shape.points[0]] };
}

/** Whether edges of a polygon cross each other, which makes its inside doubtful. */
export function crossesItself(points: readonly Point[]): boolean {
  const edges = points.map((from, i) => [from, points[(i + 1) % points.length] ?? from] as const);
  return edges.some(([a, b], i) =>
    edges.some(([c, d], j) => {
      const areNeighbours = j <= i + 1 || (i === 0 && j === edges.length - 1);
      return !areNeighbours && side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
    }),
  );
}

function side(from: Point, to: Point, point: Point): number {
  return (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]);
}

/** Names are levels of MQTT topics. */
export const nameRule = /^[A-Za-z0-9_-]{1,64}$/;

/** The first of `stem-1`, `stem-2`, … that no shape of that kind has. */
export function freeName(shapes: readonly Shape[], kind: ShapeKind, stem: string): string {
  const taken = new Set(shapes.filter((shape) => shape.kind === kind).map(({ name }) => name));
  for (let number = 1; ; number++) if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`;
}

export type NameMistake = 'empty' | 'signs' | 'taken';

/** What is wrong with a shape's name; a region has none. */
export function nameMistake(shapes: readonly Shape[], shape: Shape): NameMistake | undefined {
  if (shape.kind === 'region') return undefined;
  if (shape.name === '') return 'empty';
  if (!nameRule.test(shape.name)) return 'signs';
  const isTaken = shapes.some(({ key, kind, name }) => key !== shape.key && kind === shape.kind && name === shape.name);
  return isTaken ? 'taken' : undefined;
}
