/** A picture, uint8 [height, width, 3], RGB. */
export interface RgbPicture {
  bytes: Uint8Array;
  width: number;
  height: number;
}

/** Side of what is kept of the picture, at least. */
const leastPart = 0.75;
/** Brightness and contrast change by so much at most, as shares. */
const most = 0.3;

/**
 * A copy of a picture as another look at the same thing might be: a part of it, mirrored or not, in another light.
 *
 * @param random 0..1, uniform
 * @param into uint8 [height, width, 3] of the copy, which is as large as the picture
 */
export function augment({ bytes, width, height }: RgbPicture, random: () => number, into: Uint8Array): void {
  const part = leastPart + (1 - leastPart) * random();
  const left = random() * (1 - part) * width;
  const top = random() * (1 - part) * height;
  const mirrored = random() < 0.5;
  const contrast = 1 + most * (2 * random() - 1);
  const brightness = 128 * most * (2 * random() - 1);
  const channels = [0, 1, 2].map(() => 1 + 0.1 * (2 * random() - 1));
  for (let y = 0; y < height; y += 1) {
    const fromY = Math.min(height - 1, Math.max(0, top + (y + 0.5) * part - 0.5));
    const upper = Math.floor(fromY);
    const lower = Math.min(height - 1, upper + 1);
    const down = fromY - upper;
    for (let x = 0; x < width; x += 1) {
      const column = mirrored ? width - 1 - x : x;
      const fromX = Math.min(width - 1, Math.max(0, left + (column + 0.5) * part - 0.5));
      const before = Math.floor(fromX);
      const after = Math.min(width - 1, before + 1);
      const across = fromX - before;
      for (let c = 0; c < 3; c += 1) {
        const at = (row: number, col: number) => bytes[(row * width + col) * 3 + c] as number;
        const above = at(upper, before) + across * (at(upper, after) - at(upper, before));
        const below = at(lower, before) + across * (at(lower, after) - at(lower, before));
        const value = above + down * (below - above);
        const changed = ((value - 128) * contrast + 128 + brightness) * (channels[c] as number);
        into[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(changed)));
      }
    }
  }
}
