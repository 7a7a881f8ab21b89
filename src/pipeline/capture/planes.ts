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
import type { PixelRegion } from './region.js';
import type { Planes } from './scaling.js';

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

/** Where the region begins in each plane: no pixel is copied. The format must be one that {@link canCut}. */
export function cutPlanes({ data, strides }: Planes, format: number, { x, y }: PixelRegion): Planes {
  const offsets = (steps.get(format) ?? []).map(({ across, down }, i) => y * down * (strides[i] ?? 0) + x * across);
  return { data: data.map((plane, i) => plane.subarray(offsets[i] ?? 0)), strides };
}
