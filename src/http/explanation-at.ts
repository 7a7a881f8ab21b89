import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';

/** Somebody who points at an object misses it by so much, fraction of the picture. */
const aim = 0.03;

/** What was seen at a place of the picture: the boxes around it, the nearest centre first. */
export function explanationAt(place: Point, explanation: Explanation): Explanation {
  const there = <Seen extends { box: Box }>(all: readonly Seen[]) =>
    all.filter(({ box }) => isAround(box, place)).sort((a, b) => distance(a.box, place) - distance(b.box, place));
  return { ...explanation, background: there(explanation.background), candidates: there(explanation.candidates) };
}

function isAround([left, top, right, bottom]: Box, [x, y]: Point): boolean {
  return x >= left - aim && x <= right + aim && y >= top - aim && y <= bottom + aim;
}

function distance([left, top, right, bottom]: Box, [x, y]: Point): number {
  return Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
}
