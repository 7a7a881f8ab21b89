/** Width and height, pixels. */
export interface Size {
  width: number;
  height: number;
}

/** As many pixels as 256×256, the size that the network is tuned for. */
export const defaultPixelBudget = 256 * 256;

/**
 * The network's input for a camera: of all sizes within the budget, the one that shows the picture largest, and of
 * those the smallest. 16:9 gives 320×192.
 *
 * @param picture the camera's picture
 * @param multipleOf what width and height must be divisible by (the largest stride)
 * @param budget pixels at most
 */
export function inputSize(picture: Size, multipleOf: number, budget: number = defaultPixelBudget): Size {
  let best: Size = { width: multipleOf, height: multipleOf };
  for (let width = multipleOf; width * multipleOf <= budget; width += multipleOf) {
    for (let height = multipleOf; width * height <= budget; height += multipleOf) {
      const candidate = { width, height };
      const gain = scaleToFit(picture, candidate) - scaleToFit(picture, best);
      if (gain > 0 || (gain === 0 && width * height < best.width * best.height)) best = candidate;
    }
  }
  return best;
}

/** The picture's size inside the input: as large as it goes with its aspect ratio kept. */
export function fit(picture: Size, input: Size): Size {
  const scale = scaleToFit(picture, input);
  return {
    width: Math.min(input.width, Math.max(1, Math.round(picture.width * scale))),
    height: Math.min(input.height, Math.max(1, Math.round(picture.height * scale))),
  };
}

function scaleToFit(picture: Size, input: Size): number {
  return Math.min(input.width / picture.width, input.height / picture.height);
}
