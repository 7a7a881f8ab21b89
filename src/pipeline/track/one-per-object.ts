import type { Detection } from '../../contract/detection.js';
import { kindOf } from './classes.js';
import { iou } from './overlap.js';

/** Two boxes that overlap this much show one object, if their classes may be confused. */
const sameObjectIou = 0.7;

/**
 * Detections of `floor` or more, best first, one for each object. The detector's suppression works class by class,
 * so a van comes as a car and as a truck in the same place.
 */
export function onePerObject(detections: readonly Detection[], floor: number): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of detections.filter(({ score }) => score >= floor).sort((a, b) => b.score - a.score)) {
    const kind = kindOf(candidate.class);
    if (!kept.some((k) => kindOf(k.class) === kind && iou(k.box, candidate.box) > sameObjectIou)) kept.push(candidate);
  }
  return kept;
}
