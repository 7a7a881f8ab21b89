import {
  AV_PIX_FMT_BGR24,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ444P,
  AV_PIX_FMT_YUYV422,
} from 'node-av/constants';
import type { Box } from '../../contract/geometry.js';
import type { Size } from './input-size.js';
import type { Planes } from './scaling.js';

/** A part of a picture, pixels; x and y from the top left. */
export interface PixelRegion extends Size {
  x: number;
  y: number;
}

/** How far into each plane it is to a pixel: bytes a column and rows a row, as fractions of the picture's. */
interface Step {
  across: number;
  down: number;
}

const whole = (bytes: number): Step => ({ across: bytes, down: 1 });
const half: Step = { across: 0.5, down: 0.5 };
const narrow: Step = { across: 0.5, down: 1 };

/** Eight-bit formats that cameras and their decoders give. */
const steps = new Map<number, readonly Step[]>([
  [AV_PIX_FMT_YUV420P, [whole(1), half, half]],
  [AV_PIX_FMT_YUVJ420P, [whole(1), half, half]],
  [AV_PIX_FMT_YUV422P, [whole(1), narrow, narrow]],
  [AV_PIX_FMT_YUVJ422P, [whole(1), narrow, narrow]],
  [AV_PIX_FMT_YUV444P, [whole(1), whole(1), whole(1)]],
  [AV_PIX_FMT_YUVJ444P, [whole(1), whole(1), whole(1)]],
  [AV_PIX_FMT_NV12, [whole(1), { across: 1, down: 0.5 }]],
  [AV_PIX_FMT_YUYV422, [whole(2)]],
  [AV_PIX_FMT_RGB24, [whole(3)]],
  [AV_PIX_FMT_BGR24, [whole(3)]],
  [AV_PIX_FMT_GRAY8, [whole(1)]],
]);

/** Whether a region can be cut out of pictures of this format without a copy. */
export function canCut(format: number): boolean {
  return steps.has(format);
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

/** Where the region begins in each plane: no pixel is copied. The format must be one that {@link canCut}. */
export function cutPlanes({ data, strides }: Planes, format: number, { x, y }: PixelRegion): Planes {
  const offsets = (steps.get(format) ?? []).map(({ across, down }, i) => y * down * (strides[i] ?? 0) + x * across);
  return { data: data.map((plane, i) => plane.subarray(offsets[i] ?? 0)), strides };
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
