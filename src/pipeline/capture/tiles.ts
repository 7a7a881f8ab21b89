import type { CameraSettings } from '../../config/schema.js';
import type { Box } from '../../contract/geometry.js';

export type Tiling = NonNullable<CameraSettings['tiles']>;

/** Neighbours overlap by so much of the area's width or height, so that what is small lies whole in one of them. */
const overlap = 0.1;
/** A box that ends this near to a seam is cut by it, fraction of the picture. */
const seam = 0.01;

/** The parts of an area that are looked at one after the other; fractions of the picture, as the area is. */
export function tilesOf(tiling: Tiling, [left, top, right, bottom]: Box = [0, 0, 1, 1]): Box[] {
  const [columns = 1, rows = 1] = tiling.split('x').map(Number);
  const across = spansOf(columns, left, right);
  return spansOf(rows, top, bottom).flatMap(([y0, y1]) => across.map(([x0, x1]): Box => [x0, y0, x1, y1]));
}

/** In how many looks all of the picture is seen as a whole and by tiles. */
export function looksOf(tiling: Tiling | undefined): number {
  return tiling === undefined ? 1 : 1 + tilesOf(tiling).length;
}

/** A tile with only those sides that are none of the area's: the others are moved out of the picture. */
export function seamsOf(tile: Box, area: Box = [0, 0, 1, 1]): Box {
  // A tile lies on even pixels, so its outer sides are only nearly the area's.
  const isInner = (i: number) => Math.abs((tile[i] as number) - (area[i] as number)) > 0.01;
  return [isInner(0) ? tile[0] : -1, isInner(1) ? tile[1] : -1, isInner(2) ? tile[2] : 2, isInner(3) ? tile[3] : 2];
}

/** Whether a box reaches one of the seams, so that it shows a part of what is there. */
export function isCutBySeam([left, top, right, bottom]: Box, seams: Box): boolean {
  return left < seams[0] + seam || top < seams[1] + seam || right > seams[2] - seam || bottom > seams[3] - seam;
}

function spansOf(count: number, from: number, to: number): [number, number][] {
  if (count === 1) return [[from, to]];
  const length = ((1 + overlap * (count - 1)) / count) * (to - from);
  const step = (to - from - length) / (count - 1);
  return Array.from({ length: count }, (_, i) => [from + i * step, from + i * step + length]);
}
