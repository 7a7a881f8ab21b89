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
