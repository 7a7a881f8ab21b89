import type { Box } from '../contract/geometry.js';

/** Payloads hold no more digits than mean something: small messages, and readable ones. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** A box inside the picture, to a ten-thousandth of it: a fifth of a pixel at 1920. */
export function roundBox(box: Box): Box {
  const edge = (value: number) => round(Math.min(1, Math.max(0, value)), 4);
  return [edge(box[0]), edge(box[1]), edge(box[2]), edge(box[3])];
}
