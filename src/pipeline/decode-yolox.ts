import type { YoloxOutput } from '../contract/model-card.js';
import type { BoxDecoder, NetworkOutput } from './box-decoder.js';
import { CandidateList } from './candidate-list.js';
import type { Size } from './capture/input-size.js';
import type { Candidates } from './nms.js';

/**
 * YOLOX (Ge et al. 2021) as it is exported: [cells, 5 + classes], the cells of all strides one after the other, each
 * stride row by row. A row is x, y, width, height, objectness and the classes; x and y count from the cell's corner and
 * width and height are logarithms, all in strides; scores are past their sigmoid.
 */
export class YoloxDecoder implements BoxDecoder {
  readonly #list: CandidateList;
  /** Column, row and stride of each cell. */
  readonly #grid: Float32Array;

  constructor(
    input: Size,
    private readonly classes: number,
    private readonly output: YoloxOutput,
  ) {
    this.#grid = grid(input, output.strides);
    this.#list = new CandidateList(input, this.#grid.length / 3);
  }

  decode(outputs: NetworkOutput, minScore: number): Candidates {
    const values = outputs[this.output.output] ?? new Float32Array();
    const row = 5 + this.classes;
    const cells = this.#grid.length / 3;
    if (values.length !== cells * row) {
      throw new RangeError(`an output of ${values.length} values; ${cells} cells of ${row} values were promised`);
    }
    const list = this.#list.clear();
    for (let cell = 0, at = 0; cell < cells; cell += 1, at += row) {
      const objectness = values[at + 4] as number;
      if (!(objectness >= minScore)) continue; // no class scores higher than 1
      let best = at + 5;
      for (let i = at + 6; i < at + row; i += 1) if ((values[i] as number) > (values[best] as number)) best = i;
      const score = objectness * (values[best] as number);
      if (!(score >= minScore)) continue;
      const stride = this.#grid[3 * cell + 2] as number;
      const x = ((values[at] as number) + (this.#grid[3 * cell] as number)) * stride;
      const y = ((values[at + 1] as number) + (this.#grid[3 * cell + 1] as number)) * stride;
      const width = Math.exp(values[at + 2] as number) * stride;
      const height = Math.exp(values[at + 3] as number) * stride;
      list.add(x - width / 2, y - height / 2, x + width / 2, y + height / 2, score, best - at - 5);
    }
    return list.candidates;
  }
}

function grid({ width, height }: Size, strides: readonly number[]): Float32Array {
  const values: number[] = [];
  for (const stride of strides) {
    for (let y = 0; y < Math.floor(height / stride); y += 1) {
      for (let x = 0; x < Math.floor(width / stride); x += 1) values.push(x, y, stride);
    }
  }
  return Float32Array.from(values);
}
