import type { Size } from './capture/input-size.js';
import type { Candidates } from './nms.js';

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
