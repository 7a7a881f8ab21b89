import { ModelError } from '../contract/errors.js';
import type { Box } from '../contract/geometry.js';
import type { Size } from './capture/input-size.js';
import type { Network, Pixels } from './network.js';

/** What each part of a picture shows: 0 is the background, i + 1 the card's class i. */
export interface LabelMap extends Size {
  /** uint8 [height, width] */
  labels: Uint8Array;
}

/** Logits of a picture, a cell every `stride` pixels of the network's input. */
export interface Logits {
  /** float [channels, rows, columns] */
  values: Float32Array;
  channels: number;
  rows: number;
  columns: number;
  /** Columns and rows, as fractions, that the picture covers from the top left. */
  covered: Size;
}

/** From pixels to what each of them shows. */
export class Segmenter {
  /** Of the last run: the network alone, milliseconds. */
  inferenceMs = 0;

  constructor(private readonly network: Network<'segment'>) {}

  /** What labels mean, from label 1 on. */
  get classes(): readonly string[] {
    return this.network.model.card.classes;
  }

  /** Whether it takes an input of this size. */
  takes({ width, height }: Size): boolean {
    const { fixed = [width, height], multipleOf } = this.network.model.card.input;
    return width === fixed[0] && height === fixed[1] && width % multipleOf === 0 && height % multipleOf === 0;
  }

  /** @throws {ModelError} ERR_MODEL_CARD when the output has another size than the card promises */
  async segment({ bytes, input, fitted }: Pixels): Promise<Logits> {
    const { card, path } = this.network.model;
    const tensor = this.network.prepare(bytes, input);
    const before = performance.now();
    const outputs = await this.network.run(tensor);
    this.inferenceMs = performance.now() - before;
    const { logits, stride } = card.output;
    const values = outputs[logits] ?? new Float32Array();
    const channels = card.classes.length + 1;
    const [rows, columns] = [input.height / stride, input.width / stride];
    if (values.length !== channels * rows * columns) {
      const what = `${path} gives ${values.length} values for an input of ${input.width}x${input.height}`;
      const promised = `its card says ${channels} channels at stride ${stride}`;
      throw new ModelError('ERR_MODEL_CARD', 'model', `${what}; ${promised}. Correct the card, or name another model.`);
    }
    return {
      values,
      channels,
      rows,
      columns,
      covered: { width: fitted.width / stride, height: fitted.height / stride },
    };
  }
}

/**
 * The labels of a picture at a size of its own: logits are enlarged bilinearly (pixels are areas, as PyTorch's
 * `align_corners=False` has it), then the highest wins.
 *
 * @param part of the picture that is wanted, fractions of it
 */
export function labelsAt(logits: Logits, { width, height }: Size, part: Box = [0, 0, 1, 1]): LabelMap {
  const { values, channels, rows, columns, covered } = logits;
  const labels = new Uint8Array(width * height);
  const across = weightsOf(width, [part[0] * covered.width, part[2] * covered.width], columns);
  const down = weightsOf(height, [part[1] * covered.height, part[3] * covered.height], rows);
  const row = new Float32Array(channels * columns);
  for (let y = 0; y < height; y += 1) {
    const [upper, lower, share] = [down.first[y] as number, down.second[y] as number, down.share[y] as number];
    for (let channel = 0; channel < channels; channel += 1) {
      const plane = channel * rows * columns;
      for (let x = 0; x < columns; x += 1) {
        const above = values[plane + upper * columns + x] as number;
        const below = values[plane + lower * columns + x] as number;
        row[channel * columns + x] = above + share * (below - above);
      }
    }
    for (let x = 0; x < width; x += 1) {
      const [left, right, part] = [across.first[x] as number, across.second[x] as number, across.share[x] as number];
      let best = Number.NEGATIVE_INFINITY;
      let label = 0;
      for (let channel = 0, at = 0; channel < channels; channel += 1, at += columns) {
        const before = row[at + left] as number;
        const value = before + part * ((row[at + right] as number) - before);
        if (value > best) {
          best = value;
          label = channel;
        }
      }
      labels[y * width + x] = label;
    }
  }
  return { width, height, labels };
}

/**
 * For each of `length` pixels, which lie side by side from one place to another: the two of `cells` cells that it lies
 * between, and its share of the second one.
 */
function weightsOf(length: number, [from, to]: readonly [number, number], cells: number) {
  const first = new Uint16Array(length);
  const second = new Uint16Array(length);
  const share = new Float32Array(length);
  for (let i = 0; i < length; i += 1) {
    const at = Math.min(cells - 1, Math.max(0, from + ((i + 0.5) * (to - from)) / length - 0.5));
    first[i] = Math.floor(at);
    second[i] = Math.min(cells - 1, Math.floor(at) + 1);
    share[i] = at - Math.floor(at);
  }
  return { first, second, share };
}
