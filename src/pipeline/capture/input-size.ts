import { ConfigError } from '../../contract/errors.js';
import type { ModelCard, ModelInput, Task } from '../../contract/model-card.js';
import { usualInputPixels } from '../../contract/running-model.js';

/** Width and height, pixels. */
export interface Size {
  width: number;
  height: number;
}

/** How a model wants its pictures. */
export interface InputOptions {
  /** Grey of what the picture does not cover, 0..255. */
  fill: number;
  /** Width and height of the input are multiples of this. */
  multipleOf: number;
  /** How the picture comes into the input. */
  resize: ModelInput['resize'];
  /** The input's size if it does not follow from the picture's. */
  input?: Size | undefined;
  /** The model takes no other. */
  isFixed?: boolean;
  /** Pixels of an input whose size follows from the picture's, at most; by default the usual budget. */
  inputPixels?: number | undefined;
}

/**
 * @param size that was asked for, [width, height]
 * @throws {ConfigError} ERR_CONFIG_SIZE when the model does not take that
 */
export function inputOptions(
  card: Pick<ModelCard<Task>, 'name' | 'task' | 'input'>,
  size?: readonly [number, number],
  inputPixels?: number,
): InputOptions {
  const { fill, multipleOf, resize } = card.input;
  const isFixed = card.input.fixed !== undefined;
  return { fill, multipleOf, resize, input: chosenSize(card, size), isFixed, inputPixels };
}

/**
 * The input's size if it does not follow from the picture's: the only one that the model takes, the one that was asked
 * for, or a classifier's usual square.
 *
 * @param asked [width, height]
 * @throws {ConfigError} ERR_CONFIG_SIZE when the model does not take what was asked for
 */
export function chosenSize(
  { name, task, input }: Pick<ModelCard<Task>, 'name' | 'task' | 'input'>,
  asked: readonly [number, number] | undefined,
): Size | undefined {
  const usual = task === 'classify' ? (input.sizes[0] ?? [96, 96]) : undefined;
  const [width, height] = asked ?? input.fixed ?? usual ?? [];
  if (width === undefined || height === undefined) return undefined;
  const takes = input.fixed ? `${input.fixed.join('x')} only` : `multiples of ${input.multipleOf} only`;
  const isTaken = input.fixed
    ? width === input.fixed[0] && height === input.fixed[1]
    : width % input.multipleOf === 0 && height % input.multipleOf === 0;
  if (isTaken) return { width, height };
  const what = `an input of ${width}x${height} (--size, model.size): ${name} takes ${takes}.`;
  throw new ConfigError('ERR_CONFIG_SIZE', 'usage', what);
}

/**
 * The network's input for a camera: of all sizes within the budget, the one that shows the picture largest, and of
 * those the smallest. 16:9 gives 320×192.
 *
 * @param picture the camera's picture
 * @param multipleOf what width and height must be divisible by (the largest stride)
 * @param budget pixels at most
 */
export function inputSize(picture: Size, multipleOf: number, budget: number = usualInputPixels): Size {
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
