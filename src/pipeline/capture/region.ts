import type { Box } from '../../contract/geometry.js';
import type { Size } from './input-size.js';

/** A part of a picture, pixels; x and y from the top left. */
export interface PixelRegion extends Size {
  x: number;
  y: number;
}

/** The region on even pixels (chroma is stored for two by two), never less than two. */
export function pixelRegion([left, top, right, bottom]: Box, { width, height }: Size): PixelRegion {
  const even = (value: number) => 2 * Math.round(value / 2);
  const evenDown = (value: number) => 2 * Math.floor(value / 2);
  const start = (value: number, length: number) => Math.max(0, Math.min(even(value * length), evenDown(length) - 2));
  const x = start(left, width);
  const y = start(top, height);
  return {
    x,
    y,
    width: Math.max(2, Math.min(even(right * width), width) - x),
    height: Math.max(2, Math.min(even(bottom * height), height) - y),
  };
}

/** The same region as fractions of the picture. */
export function fractionsOf({ x, y, width, height }: PixelRegion, picture: Size): Box {
  return [x / picture.width, y / picture.height, (x + width) / picture.width, (y + height) / picture.height];
}

/** A box of the region, as fractions of it, in fractions of the whole picture. */
export function toWhole([left, top, right, bottom]: Box, [x0, y0, x1, y1]: Box): Box {
  const [width, height] = [x1 - x0, y1 - y0];
  return [x0 + left * width, y0 + top * height, x0 + right * width, y0 + bottom * height];
}

/** A box of the whole picture, in fractions of the region; what lies outside is left out. */
export function toPart([left, top, right, bottom]: Box, [x0, y0, x1, y1]: Box): Box {
  const inside = (value: number, from: number, to: number) => Math.min(1, Math.max(0, (value - from) / (to - from)));
  return [inside(left, x0, x1), inside(top, y0, y1), inside(right, x0, x1), inside(bottom, y0, y1)];
}
