import { z } from 'zod';
import { box } from './geometry.js';

/** One object that the network sees in one picture. */
export const detection = z.object({
  class: z.string().describe('out of the model card’s `classes`'),
  score: z.number().min(0).max(1),
  box,
});
export type Detection = z.infer<typeof detection>;

/** `minspnet/<node>/<camera>/detections`: all that the network sees in one picture, before any tracking. */
export const detections = z.object({
  camera: z.string(),
  capturedAt: z.iso.datetime().describe('UTC'),
  capturedMonotonicMs: z.number().describe('the same instant on the board’s monotonic clock'),
  takenMonotonicMs: z
    .number()
    .describe('when the decoded picture was taken, on the same clock; a file’s times of capture are its time stamps'),
  inferenceMs: z.number().min(0).describe('of the network alone'),
  detections: z.array(detection).describe('also those that are too weak to make a track'),
});
export type Detections = z.infer<typeof detections>;
