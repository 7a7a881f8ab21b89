import type { Point } from '../../../src/contract/geometry.js';
import { distance } from '../draw/geometry.js';
import { newKey } from './document.js';
import { fewestCorners, freeName, type Shape, type ShapeKind } from './shapes.js';

/** A shape that is being drawn, corner by corner. */
export interface Draft {
  kind: ShapeKind;
  points: readonly Point[];
}

/** Two corners nearer than this, fraction of the picture, were meant to be one. */
const sameSpot = 0.005;

/** With one more corner; a corner on the spot of the last one adds nothing (a double click is one corner). */
export function withCorner(draft: Draft, point: Point): Draft {
  const last = draft.points.at(-1);
  return last && distance(last, point) < sameSpot ? draft : { ...draft, points: [...draft.points, point] };
}

/** Whether nothing more is needed: lines and regions have two corners, polygons are finished by hand. */
export function isComplete({ kind, points }: Draft): boolean {
  return (kind === 'line' || kind === 'region') && points.length === 2;
}

export function canFinish({ kind, points }: Draft): boolean {
  return points.length >= (kind === 'region' ? 2 : fewestCorners[kind]);
}

/** The shape that was drawn, with a name that is free; undefined while corners are missing. */
export function shapeOfDraft(draft: Draft, shapes: readonly Shape[], stem: string): Shape | undefined {
  if (!canFinish(draft)) return undefined;
  const key = newKey();
  const name = freeName(shapes, draft.kind, stem);
  const points = [...draft.points];
  switch (draft.kind) {
    case 'zone':
      return { key, kind: 'zone', name, points, classes: null, dwellSeconds: null };
    case 'mask':
      return { key, kind: 'mask', name, points, classes: null };
    case 'line':
      return { key, kind: 'line', name, points: points.slice(0, 2) as [Point, Point], classes: null };
    case 'region': {
      const [from, to] = points as [Point, Point];
      const span = (a: number, b: number): [number, number] => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        return high - low >= 0.125 ? [low, high] : [Math.min(low, 0.875), Math.min(low, 0.875) + 0.125];
      };
      const [left, right] = span(from[0], to[0]);
      const [top, bottom] = span(from[1], to[1]);
      return { key, kind: 'region', name: '', box: [left, top, right, bottom] };
    }
  }
}
