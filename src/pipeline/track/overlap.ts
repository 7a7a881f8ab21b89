import type { Box } from '../../contract/geometry.js';

/** Area in fractions of the picture; 0 for a box turned inside out. */
export function area(box: Box): number {
  return Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
}

function intersection(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  if (width <= 0) return 0;
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return height <= 0 ? 0 : width * height;
}

/** Intersection over union, 0..1. */
export function iou(a: Box, b: Box): number {
  const common = intersection(a, b);
  return common === 0 ? 0 : common / (area(a) + area(b) - common);
}

/** Intersection over the smaller area, 0..1: 1 when one box lies in the other. */
export function containment(a: Box, b: Box): number {
  const common = intersection(a, b);
  return common === 0 ? 0 : common / Math.min(area(a), area(b));
}

/** How much of `box` lies in `other`, 0..1. */
export function coveredShare(box: Box, other: Box): number {
  const common = intersection(box, other);
  return common === 0 ? 0 : common / area(box);
}

/**
 * Distance IoU (Zheng et al. 2020), -1..1: IoU less the squared distance of the centres over the squared diagonal
 * of the box around both. Boxes that don't touch still differ by how far they are apart, so an object that
 * moves more than its length between two pictures can be found.
 *
 * @param aspect of the picture, width / height: a fraction of the one is another length than a fraction of the other
 */
export function distanceIou(a: Box, b: Box, overlap: number, aspect: number): number {
  const width = Math.max(a[2], b[2]) - Math.min(a[0], b[0]);
  const height = (Math.max(a[3], b[3]) - Math.min(a[1], b[1])) / aspect;
  const dx = (a[0] + a[2] - b[0] - b[2]) / 2;
  const dy = (a[1] + a[3] - b[1] - b[3]) / 2 / aspect;
  const diagonal = width * width + height * height;
  return diagonal === 0 ? overlap : overlap - (dx * dx + dy * dy) / diagonal;
}

/** Intersection over union of the heights alone, 0..1. */
export function heightIou(a: Box, b: Box): number {
  const common = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(0, common) / (Math.max(a[3], b[3]) - Math.min(a[1], b[1]));
}

/** Cuts a box at the picture's edges, in place. */
export function clip(box: Box): Box {
  for (let i = 0; i < 4; i++) box[i] = Math.min(1, Math.max(0, box[i] as number));
  return box;
}

/** What comes this near to the picture's edge is cut by it, fraction of the picture. */
export const atEdge = 0.004;

/** Whether the picture's edge cuts the object, so that the box shows only a part of it. */
export function isCut([left, top, right, bottom]: Box): boolean {
  return left < atEdge || top < atEdge || right > 1 - atEdge || bottom > 1 - atEdge;
}
