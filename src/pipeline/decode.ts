import type { MinspnetOutput } from '../contract/model-card.js';
import type { BoxDecoder, NetworkOutput } from './box-decoder.js';
import { CandidateList } from './candidate-list.js';
import type { Size } from './capture/input-size.js';
import type { Candidates } from './nms.js';

/**
 * Turns the network's two outputs into boxes. The outputs cover the cells of all strides one after the other, each
 * stride row by row; a cell's centre is ((x + ½)·stride, (y + ½)·stride) and its distances reach from there to the
 * left, top, right and bottom edge (FCOS, Tian et al. 2019).
 */
export class MinspnetDecoder implements BoxDecoder {
  readonly #list: CandidateList;
  readonly #centres: Float32Array;
  readonly #cells: number;

  constructor(
    private readonly input: Size,
    private readonly classes: number,
    private readonly output: MinspnetOutput,
  ) {
    this.#centres = centres(input, output.strides);
    this.#cells = this.#centres.length / 2;
    this.#list = new CandidateList(input, classes * this.#cells);
  }

  /** Of the outputs, [classes, cells] before the sigmoid and [4, cells] in pixels of the input, ≥ 0. */
  decode(outputs: NetworkOutput, minScore: number): Candidates {
    const cells = this.#cells;
    const logits = outputs[this.output.logits] ?? new Float32Array();
    const distances = outputs[this.output.distances] ?? new Float32Array();
    if (logits.length !== this.classes * cells || distances.length !== 4 * cells) {
      throw new RangeError(
        `outputs of ${logits.length} and ${distances.length} values; the card's strides give ${cells} cells ` +
          `at ${this.input.width}x${this.input.height}`,
      );
    }
    const threshold = logit(minScore); // so that the sigmoid is taken of the few that pass
    const list = this.#list.clear();
    for (let i = 0; i < logits.length; i += 1) {
      const value = logits[i] as number;
      if (!(value >= threshold)) continue;
      const cell = i % cells;
      const x = this.#centres[2 * cell] as number;
      const y = this.#centres[2 * cell + 1] as number;
      list.add(
        x - (distances[cell] as number),
        y - (distances[cells + cell] as number),
        x + (distances[2 * cells + cell] as number),
        y + (distances[3 * cells + cell] as number),
        1 / (1 + Math.exp(-value)),
        (i - cell) / cells,
      );
    }
    return list.candidates;
  }
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** x, y of each cell's centre, pixels of the input. */
function centres({ width, height }: Size, strides: readonly number[]): Float32Array {
  const values: number[] = [];
  for (const stride of strides) {
    for (let y = 0; y < Math.floor(height / stride); y += 1) {
      for (let x = 0; x < Math.floor(width / stride); x += 1) values.push((x + 0.5) * stride, (y + 0.5) * stride);
    }
  }
  return Float32Array.from(values);
}
