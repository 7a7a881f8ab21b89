/** A line of `minspnet detect --json`. */
export interface PictureReport {
  file: string;
  detections: Found[];
}

/** Box in pixels: left, top, right, bottom. */
export interface Found {
  class: string;
  score: number;
  box: [number, number, number, number];
}

export interface Difference {
  /** Boxes of the first that one of the second is matched with. */
  matched: number;
  /** Boxes of either that have no match. */
  alone: Found[];
  /** The largest of the matched: of the scores, and of the edges in pixels. */
  score: number;
  pixels: number;
}

/** Matches boxes of the same class in the same picture, most overlap first, from an intersection over union of 0.5. */
export function compare(first: readonly PictureReport[], second: readonly PictureReport[]): Difference {
  const result: Difference = { matched: 0, alone: [], score: 0, pixels: 0 };
  if (first.length !== second.length) throw new Error(`${first.length} pictures, and ${second.length}`);
  first.forEach((report, index) => {
    const others = [...(second[index]?.detections ?? [])];
    const mine = [...report.detections];
    const pairs = mine
      .flatMap((a) => others.map((b) => ({ a, b, iou: a.class === b.class ? overlap(a.box, b.box) : 0 })))
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

function overlap(a: Found['box'], b: Found['box']): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Found['box']) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}
