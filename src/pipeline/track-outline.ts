import type { Outline } from '../contract/event.js';
import type { Box, Point } from '../contract/geometry.js';
import type { ObjectOutline } from './outline.js';
import { iou } from './track/overlap.js';

/** An outline holds as long as the object’s box overlaps that which it was made in by as much. */
const sameIou = 0.9;
/** What the newest outline counts in where the foot is. */
const newShare = 0.5;

/** What is known of the outline of an object that is followed. */
export class TrackOutline {
  /** When it was looked for last, whether it was found or not; seconds. */
  lookedAt = Number.NEGATIVE_INFINITY;
  #newest: { outline: Outline; box: Box } | undefined;
  /** In the box, fractions of it. */
  #foot: Point | undefined;

  /** @param found undefined where the segmenter does not see it: what was known of it holds on */
  see(found: ObjectOutline | undefined, box: Box, seconds: number): void {
    this.lookedAt = seconds;
    if (found === undefined) return;
    const { foot, ...outline } = found;
    this.#newest = { outline, box };
    const [x, y] = [(foot[0] - box[0]) / (box[2] - box[0]), (foot[1] - box[1]) / (box[3] - box[1])];
    const [oldX, oldY] = this.#foot ?? [x, y];
    this.#foot = [oldX + newShare * (x - oldX), oldY + newShare * (y - oldY)];
  }

  /** As it is where the object is seen; undefined where none was found there. @param box of the object now */
  at(box: Box): Outline | undefined {
    return this.#newest !== undefined && iou(this.#newest.box, box) >= sameIou ? this.#newest.outline : undefined;
  }

  /** Where the object stands; undefined where nobody has seen its outline. @param box of the object now */
  foot([left, top, right, bottom]: Box): Point | undefined {
    if (this.#foot === undefined) return undefined;
    const [x, y] = this.#foot;
    return [left + x * (right - left), top + y * (bottom - top)];
  }
}
