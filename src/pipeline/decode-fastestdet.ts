import type { FastestdetOutput } from '../contract/model-card.js';
import type { BoxDecoder, NetworkOutput } from './box-decoder.js';
import { CandidateList } from './candidate-list.js';
import type { Size } from './capture/input-size.js';
import type { Candidates } from './nms.js';

/**
 * FastestDet (dog-qiuqiu/FastestDet) as it is exported: [5 + classes, rows, columns] of one stride. The planes are
 * objectness, x, y, width, height, and the classes; the box's middle is tanh(x), tanh(y) cells from the cell's corner,
 * its size sigmoid(width), sigmoid(height) of the input; scores are past sigmoid and softmax, and a box scores
 * objectness^0.6 · class^0.4.
 */
export class FastestdetDecoder implements BoxDecoder {
  readonly #list: CandidateList;
  readonly #columns: number;
  readonly #rows: number;

  constructor(
    private readonly input: Size,
    private readonly classes: number,
    private readonly output: FastestdetOutput,
  ) {
    this.#columns = Math.floor(input.width / output.stride);
    this.#rows = Math.floor(input.height / output.stride);
    this.#list = new CandidateList(input, this.#columns * this.#rows);
  }

  decode(outputs: NetworkOutput, minScore: number): Candidates {
    const values = outputs[this.output.output] ?? new Float32Array();
    const plane = this.#columns * this.#rows;
    if (values.length !== (5 + this.classes) * plane) {
      throw new RangeError(
        `an output of ${values.length} values; ${5 + this.classes} planes of ${plane} values were promised`,
      );
    }
    const { width, height } = this.input;
    const list = this.#list.clear();
    for (let cell = 0; cell < plane; cell += 1) {
      const weight = (values[cell] as number) ** 0.6;
      if (!(weight >= minScore)) continue; // no class scores higher than 1
      let best = 5 * plane + cell;
      for (let i = best + plane; i < values.length; i += plane) {
        if ((values[i] as number) > (values[best] as number)) best = i;
      }
      const score = weight * (values[best] as number) ** 0.4;
      if (!(score >= minScore)) continue;
      const column = cell % this.#columns;
      const row = (cell - column) / this.#columns;
      const x = ((column + Math.tanh(values[plane + cell] as number)) / this.#columns) * width;
      const y = ((row + Math.tanh(values[2 * plane + cell] as number)) / this.#rows) * height;
      const halfWidth = (sigmoid(values[3 * plane + cell] as number) * width) / 2;
      const halfHeight = (sigmoid(values[4 * plane + cell] as number) * height) / 2;
      list.add(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, score, (best - cell) / plane - 5);
    }
    return list.candidates;
  }
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
