import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** A point of the camera's picture as fractions of its width and height, origin at the top left. */
export const point = z.tuple([fraction, fraction]).describe('[x, y], fractions of the picture, origin at the top left');
export type Point = z.infer<typeof point>;

/** A box of the camera's picture: left, top, right, bottom as fractions of its width and height. */
export const box = z
  .tuple([fraction, fraction, fraction, fraction])
  .describe('[left, top, right, bottom], fractions of the picture, origin at the top left');
export type Box = z.infer<typeof box>;

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
