import { z } from 'zod';
import { box } from './geometry.js';

/** Why a candidate was not told of. The first that holds, in this order. */
export const untoldReason = z
  .enum(['class', 'mask', 'background', 'too-small', 'score', 'same-object', 'motion-gate', 'rate', 'evidence'])
  .describe(
    'class: not among the camera’s `classes`; mask: it stands in one of the camera’s `masks`; background: stands where something always looks like this; too-small: for ' +
      'the network’s input; score: never over the least that begins a track; same-object: another object is told in its ' +
      'place; motion-gate: nothing moved, so the network did not look again; rate: too few pictures a second; evidence: ' +
      'its scores and motion together are not sure enough',
  );
export type UntoldReason = z.infer<typeof untoldReason>;

/** Something that the network took for an object, from a score of .1 on, over time. */
export const explainedCandidate = z.object({
  class: z.string(),
  box: box.describe('where it was seen last'),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  pictures: z.int().min(1).describe('in which it was seen'),
  bestScore: z.number(),
  meanScore: z.number(),
  scores: z.array(z.number()).describe('over time, oldest first, at most 32, evenly spread'),
  track: z.string().nullable().describe('the track that it was told as; null: it was not'),
  reason: untoldReason.nullable().describe('null: it was told'),
  detail: z.string().describe('the reason in words, with the numbers'),
});
export type ExplainedCandidate = z.infer<typeof explainedCandidate>;

/** What a camera saw in the last minutes, and why it was told or not. */
export const explanation = z.object({
  camera: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  looks: z.int().min(0).describe('pictures that the network looked at'),
  still: z.int().min(0).describe('pictures that the motion gate spared it'),
  notes: z.array(z.string()).describe('what keeps objects from being candidates at all'),
  background: z.array(z.object({ class: z.string(), box, bestScore: z.number() })).describe('places that are learnt'),
  candidates: z
    .array(explainedCandidate)
    .describe('newest first, or nearest to the place that was asked for; at most 100: those with the best scores'),
});
export type Explanation = z.infer<typeof explanation>;
