import type { FastestdetOutput, MinspnetOutput, ModelCard, YoloxOutput } from '../contract/model-card.js';
import {
  type BoxDecoder,
  CandidateList,
  type Candidates,
  cellGrid,
  type NetworkOutput,
  sigmoid,
} from './box-candidates.js';
import { BinsDecoder, nanodetLevels, picodetLevels } from './box-decoder-bins.js';
import type { Size } from './capture/input-size.js';

/** So many of the best are looked at, as is usual where accuracy is measured from the lowest scores on. */
const maxCandidates = 1000;

/** The decoder that a model's card asks for, for inputs of one size. */
export function createBoxDecoder({ classes, output }: ModelCard, input: Size): BoxDecoder {
  switch (output.decoder) {
    case 'minspnet':
      return new MinspnetDecoder(input, classes.length, output);
    case 'yolox':
      return new YoloxDecoder(input, classes.length, output);
    case 'fastestdet':
      return new FastestdetDecoder(input, classes.length, output);
    case 'nanodet':
      return new BinsDecoder(input, classes.length, output, nanodetLevels(input, classes.length, output));
    case 'picodet':
      return new BinsDecoder(
        input,
        classes.length,
        { bins: output.bins, centre: 0.5 },
        picodetLevels(classes.length, output),
      );
  }
}

/**
 * Turns the network's two outputs into boxes. The outputs cover the cells of all strides one after the other, each
 * stride row by row; a cell's centre is ((x + ½)·stride, (y + ½)·stride) and its distances reach from there to the
 * left, top, right and bottom edge (FCOS, Tian et al. 2019).
 */
export class MinspnetDecoder implements BoxDecoder {
  readonly #list: CandidateList;
  /** Column, row and stride of each cell. */
  readonly #grid: Float32Array;
  readonly #cells: number;

  constructor(
    private readonly input: Size,
    private readonly classes: number,
    private readonly output: MinspnetOutput,
  ) {
    this.#grid = cellGrid(input, output.strides);
    this.#cells = this.#grid.length / 3;
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
      const stride = this.#grid[3 * cell + 2] as number;
      const x = ((this.#grid[3 * cell] as number) + 0.5) * stride;
      const y = ((this.#grid[3 * cell + 1] as number) + 0.5) * stride;
      list.add(
        x - (distances[cell] as number),
        y - (distances[cells + cell] as number),
        x + (distances[2 * cells + cell] as number),
        y + (distances[3 * cells + cell] as number),
        sigmoid(value),
        (i - cell) / cells,
      );
    }
    return list.candidates;
  }
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

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
    this.#grid = cellGrid(input, output.strides);
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

/**
 * Class-wise greedy non-maximum suppression.
 *
 * @param iou boxes of one class that overlap more than this are one object (intersection over union, 0..1)
 * @returns indices of the boxes kept, best score first
 */
export function suppress({ count, boxes, scores, classes }: Candidates, iou: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => at(scores, b) - at(scores, a));
  order.length = Math.min(count, maxCandidates);
  const kept: number[] = [];
  next: for (const i of order) {
    for (const k of kept) if (classes[k] === classes[i] && overlap(boxes, k, i) > iou) continue next;
    kept.push(i);
  }
  return kept;
}

/** Intersection over union of the boxes number a and b. */
function overlap(boxes: Float32Array, a: number, b: number): number {
  const i = a * 4;
  const j = b * 4;
  const width = Math.min(at(boxes, i + 2), at(boxes, j + 2)) - Math.max(at(boxes, i), at(boxes, j));
  const height = Math.min(at(boxes, i + 3), at(boxes, j + 3)) - Math.max(at(boxes, i + 1), at(boxes, j + 1));
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (area(boxes, i) + area(boxes, j) - intersection);
}

function area(boxes: Float32Array, i: number): number {
  return (at(boxes, i + 2) - at(boxes, i)) * (at(boxes, i + 3) - at(boxes, i + 1));
}

function at(array: Float32Array, i: number): number {
  return array[i] as number;
}
