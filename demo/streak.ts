// biome-ignore-all lint/style/noNonNullAssertion: the loops only visit indexes inside the picture
import type { Random } from './random.js';

/** Rain in front of the lens: short bright streaks, another set in each picture. */
export function streak(pixels: Uint8ClampedArray, width: number, height: number, count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const x = random.int(width);
    const top = random.int(height);
    const length = 6 + random.int(14);
    const light = random.range(0.12, 0.4);
    for (let y = top; y < Math.min(height, top + length); y++) {
      const at = (y * width + Math.min(width - 1, x + ((y - top) >> 3))) * 4;
      for (let c = 0; c < 3; c++) pixels[at + c] = pixels[at + c]! * (1 - light) + 215 * light;
    }
  }
}
