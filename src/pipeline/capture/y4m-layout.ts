import type { Size } from './input-size.js';

/**
 * How a 4:2:0 picture lies behind a `FRAME` of YUV4MPEG2. The format has no padding, but GStreamer before 1.26 writes
 * its own rows, which are padded to four bytes (and an odd height to an even one).
 */
export class Y4mLayout {
  /** Bytes of a picture without and with padding; equal where there is none to be had. */
  readonly packed: number;
  readonly padded: number;
  readonly #planes: { width: number; height: number; stride: number; rows: number }[];

  constructor({ width, height }: Size) {
    const chroma = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    const evenHeight = chroma.height * 2;
    this.#planes = [
      { width, height, stride: roundUp4(width), rows: evenHeight },
      { ...chroma, stride: roundUp4(chroma.width), rows: chroma.height },
      { ...chroma, stride: roundUp4(chroma.width), rows: chroma.height },
    ];
    this.packed = this.#planes.reduce((sum, plane) => sum + plane.width * plane.height, 0);
    this.padded = this.#planes.reduce((sum, plane) => sum + plane.stride * plane.rows, 0);
  }

  /** Moves the rows of a padded picture together, in the same bytes. */
  pack(bytes: Buffer): void {
    let from = 0;
    let to = 0;
    for (const { width, height, stride, rows } of this.#planes) {
      for (let row = 0; row < height; row += 1) {
        bytes.copyWithin(to, from + row * stride, from + row * stride + width);
        to += width;
      }
      from += stride * rows;
    }
  }
}

function roundUp4(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
