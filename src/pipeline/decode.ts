import type { Size } from './capture/input-size.js';
import type { Candidates } from './nms.js';

/**
 * Turns the network's two outputs into boxes. The outputs cover the cells of all strides one after the other, each
 * stride row by row; a cell's centre is ((x + ½)·stride, (y + ½)·stride) and its distances reach from there to the
 * left, top, right and bottom edge (FCOS, Tian et al. 2019).
 */
export class BoxDecoder {
  readonly #candidates: Candidates;
  readonly #centres: Float32Array;
  readonly #cells: number;

  constructor(
    private readonly input: Size,
    private readonly classes: number,
    strides: readonly number[],
  ) {
    this.#centres = centres(input, strides);
    this.#cells = this.#centres.length / 2;
    const most = classes * this.#cells;
    this.#candidates = {
      count: 0,
      boxes: new Float32Array(most * 4),
      scores: new Float32Array(most),
      classes: new Uint8Array(most),
    };
  }

  /**
   * @param logits [classes, cells], before the sigmoid
   * @param distances [4, cells], pixels of the input, ≥ 0
   * @param minScore 0..1
   * @returns boxes in pixels of the input, clipped to it; valid until the next call
   */
  decode(logits: Float32Array, distances: Float32Array, minScore: number): Candidates {
    const cells = this.#cells;
    if (logits.length !== this.classes * cells || distances.length !== 4 * cells) {
      throw new RangeError(
        `outputs of ${logits.length} and ${distances.length} values; the card's strides give ${cells} cells ` +
          `at ${this.input.width}x${this.input.height}`,
      );
    }
    const threshold = logit(minScore); // so that the sigmoid is taken of the few that pass
    const { boxes, scores, classes } = this.#candidates;
    let count = 0;
    for (let i = 0; i < logits.length; i += 1) {
      const value = logits[i] as number;
      if (!(value >= threshold)) continue;
      const cell = i % cells;
      const x = this.#centres[2 * cell] as number;
      const y = this.#centres[2 * cell + 1] as number;
      boxes[4 * count] = Math.max(0, x - (distances[cell] as number));
      boxes[4 * count + 1] = Math.max(0, y - (distances[cells + cell] as number));
      boxes[4 * count + 2] = Math.min(this.input.width, x + (distances[2 * cells + cell] as number));
      boxes[4 * count + 3] = Math.min(this.input.height, y + (distances[3 * cells + cell] as number));
      scores[count] = 1 / (1 + Math.exp(-value));
      classes[count] = (i - cell) / cells;
      count += 1;
    }
    this.#candidates.count = count;
    return this.#candidates;
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
