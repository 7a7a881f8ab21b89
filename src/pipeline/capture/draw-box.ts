import type { Size } from './input-size.js';
import type { PixelRegion, Planes } from './region.js';

/** Yellow, as JPEG has it: brightness and the two colours. */
const yellow = [226, 1, 149];
/** Of the longest side, the width of a line. */
const lineShare = 1 / 160;

/**
 * Draws the outline of a region into a 4:2:0 picture.
 *
 * @param region on even pixels, inside the picture
 */
export function drawBox({ data, strides }: Planes, picture: Size, { x, y, width, height }: PixelRegion): void {
  const line = 2 * Math.max(1, Math.round((Math.max(picture.width, picture.height) * lineShare) / 2));
  data.forEach((plane, i) => {
    const step = i === 0 ? 1 : 2; // colours are stored for two by two pixels
    const stride = strides[i] ?? 0;
    const [left, right] = [x / step, (x + width) / step];
    const thick = Math.min(line / step, right - left);
    for (let row = y / step; row < (y + height) / step; row++) {
      const whole = row < (y + line) / step || row >= (y + height - line) / step;
      const from = row * stride;
      const value = yellow[i] ?? 0;
      plane.fill(value, from + left, from + (whole ? right : left + thick));
      if (!whole) plane.fill(value, from + right - thick, from + right);
    }
  });
}
