import type { Size } from './capture/input-size.js';

/** What a network gives, by the name of the output. */
export type NetworkOutput = Readonly<Record<string, Float32Array>>;

/** Boxes of one picture in parallel arrays, so that decoding makes no object for each cell that is looked at. */
export interface Candidates {
  /** How many there are; the arrays may be longer. */
  count: number;
  /** Left, top, right, bottom for each, in any one unit. */
  boxes: Float32Array;
  scores: Float32Array;
  classes: Uint8Array;
}

/** Makes boxes of a network's outputs. */
export interface BoxDecoder {
  /**
   * @param minScore 0..1
   * @returns boxes in pixels of the input, clipped to it; valid until the next call
   * @throws {RangeError} when the outputs have another size than the card promises
   */
  decode(outputs: NetworkOutput, minScore: number): Candidates;
}

/** Of a logit. */
export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** Candidates of one picture, in memory that is used again for the next one. */
export class CandidateList {
  readonly candidates: Candidates;

  /** @param most there can be in one picture */
  constructor(
    private readonly input: Size,
    most: number,
  ) {
    this.candidates = {
      count: 0,
      boxes: new Float32Array(most * 4),
      scores: new Float32Array(most),
      classes: new Uint8Array(most),
    };
  }

  clear(): this {
    this.candidates.count = 0;
    return this;
  }

  /** The box is given in pixels of the input, and clipped to it. */
  add(left: number, top: number, right: number, bottom: number, score: number, classIndex: number): void {
    const { boxes, scores, classes, count } = this.candidates;
    boxes[4 * count] = Math.max(0, left);
    boxes[4 * count + 1] = Math.max(0, top);
    boxes[4 * count + 2] = Math.min(this.input.width, right);
    boxes[4 * count + 3] = Math.min(this.input.height, bottom);
    scores[count] = score;
    classes[count] = classIndex;
    this.candidates.count = count + 1;
  }
}

/** Column, row and stride of each cell: the cells of all strides one after the other, each stride row by row. */
export function cellGrid({ width, height }: Size, strides: readonly number[]): Float32Array {
  const values: number[] = [];
  for (const stride of strides) {
    for (let y = 0; y < Math.floor(height / stride); y += 1) {
      for (let x = 0; x < Math.floor(width / stride); x += 1) values.push(x, y, stride);
    }
  }
  return Float32Array.from(values);
}
