import type { Detection } from '../contract/detection.js';
import type { Frame } from '../pipeline/capture/capture.js';
import { round, roundBox } from '../pipeline/rounding.js';
import type { FromEngine } from './protocol.js';

/** What the network has seen in one picture, as it is told where `events.detections` is set. */
export function detectionsOf(
  camera: string,
  { monotonicMs, utcMs, takenMs }: Pick<Frame, 'monotonicMs' | 'utcMs' | 'takenMs'>,
  seen: readonly Detection[],
  inferenceMs: number,
): FromEngine {
  const detections = {
    camera,
    capturedAt: new Date(utcMs).toISOString(),
    capturedMonotonicMs: round(monotonicMs, 1),
    takenMonotonicMs: round(takenMs, 3),
    inferenceMs: round(inferenceMs, 3),
    detections: seen.map(({ class: name, score, box }) => ({
      class: name,
      score: round(score, 3),
      box: roundBox(box),
    })),
  };
  return { kind: 'detections', detections };
}
