import type { Size } from './input-size.js';

/** How a raw YUV 4:2:0 picture lies in the bytes that a camera's driver gives out. */
export interface PictureLayout extends Size {
  /** Bytes from one row of luma to the next; half as many for chroma. */
  stride: number;
  /** Of a whole picture. */
  bytes: number;
}

/**
 * Every driver of a Raspberry Pi aligns its rows to this or to a divisor of it (64 bytes on the ISPs of the Pi 4 and the
 * Pi 5), so a width that is a multiple of it has no padding.
 */
const largestAlignment = 128;

/** The layout where it is known without looking; undefined where rows may be padded. */
export function unpaddedLayout({ width, height }: Size): PictureLayout | undefined {
  if (width % largestAlignment !== 0) return undefined;
  return { width, height, stride: width, bytes: (width * height * 3) / 2 };
}

/** The layout of a picture that was found to have so many bytes; undefined where no padding of rows explains them. */
export function layoutOf({ width, height }: Size, bytes: number): PictureLayout | undefined {
  const stride = (bytes * 2) / (height * 3);
  const explains = Number.isInteger(stride) && stride % 2 === 0 && stride >= width && stride < width + largestAlignment;
  return explains ? { width, height, stride, bytes } : undefined;
}
