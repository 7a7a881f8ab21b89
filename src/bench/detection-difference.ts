import type { Box } from '../contract/geometry.js';
import { iou } from '../pipeline/track/overlap.js';

/** One object in one picture. */
export interface FoundBox {
  class: string;
  score: number;
  /** Left, top, right, bottom; pixels. */
  box: Box;
}

/** What two runs of a detector on the same pictures differ in. */
export interface Difference {
  /** Boxes of the first that one of the second is matched with. */
  matched: number;
  /** Boxes of either that have no match. */
  alone: FoundBox[];
  /** The largest of the matched: of the scores, and of the edges in pixels. */
  score: number;
  pixels: number;
}

/**
 * Matches boxes of the same class in the same picture, most overlap first, from an intersection over union of 0.5.
 *
 * @param first a list of boxes a picture, and so is `second`
 */
export function compare(first: readonly (readonly FoundBox[])[], second: readonly (readonly FoundBox[])[]): Difference {
  const result: Difference = { matched: 0, alone: [], score: 0, pixels: 0 };
  if (first.length !== second.length) throw new Error(`${first.length} pictures, and ${second.length}`);
  first.forEach((boxes, index) => {
    const others = [...(second[index] ?? [])];
    const mine = [...boxes];
    const pairs = mine
      .flatMap((a) => others.map((b) => ({ a, b, iou: a.class === b.class ? iou(a.box, b.box) : 0 })))
      .filter(({ iou }) => iou >= 0.5)
      .sort((one, other) => other.iou - one.iou);
    for (const { a, b } of pairs) {
      if (!mine.includes(a) || !others.includes(b)) continue;
      mine.splice(mine.indexOf(a), 1);
      others.splice(others.indexOf(b), 1);
      result.matched += 1;
      result.score = Math.max(result.score, Math.abs(a.score - b.score));
      result.pixels = Math.max(
        result.pixels,
        ...a.box.map((edge, side) => Math.abs(edge - (b.box[side] ?? Number.NaN))),
      );
    }
    result.alone.push(...mine, ...others);
  });
  return result;
}

/** Whether it is explained by a tolerance: a box without a match has to be that near the least score that was asked for. */
export function isWithin(
  { matched, alone, score, pixels }: Difference,
  tolerance: Pick<Difference, 'score' | 'pixels'>,
  minScore: number,
): boolean {
  const explained = alone.every((box) => box.score - minScore <= tolerance.score);
  return matched > 0 && explained && score <= tolerance.score && pixels <= tolerance.pixels;
}
