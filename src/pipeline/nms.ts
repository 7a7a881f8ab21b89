/** Boxes of one picture in parallel arrays, so that decoding makes no object for each cell that is looked at. */
export interface Candidates {
  /** How many there are; the arrays may be longer. */
  count: number;
  /** Left, top, right, bottom for each, in any one unit. */
  boxes: Float32Array;
  scores: Float32Array;
  classes: Uint8Array;
}

/** So many of the best are looked at, as is usual where accuracy is measured from the lowest scores on. */
const maxCandidates = 1000;

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
