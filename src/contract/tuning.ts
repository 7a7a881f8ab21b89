import { z } from 'zod';

/** Raised when a field of the document changes its meaning: an older file is then measured anew. */
export const tuningVersion = 1;

const nullable = z.number().nullable();

/** One way to run the network. */
export const candidate = z.object({
  precision: z.enum(['fp32', 'int8']),
  size: z.tuple([z.int().positive(), z.int().positive()]).describe('[width, height] of the input'),
  threads: z.int().min(1),
  spinning: z.boolean(),
  provider: z.enum(['cpu', 'cuda', 'tensorrt']),
});
export type Candidate = z.infer<typeof candidate>;

/** What a candidate was measured to do, at the frame rate of the limits. */
export const trial = candidate.extend({
  round: z.int().min(0).describe('the last round that it was measured in; each is twice as long for each candidate'),
  samples: z.int().min(0),
  meanMs: z.number(),
  latencyMs: z.number().describe('the highest percentile that the samples can tell, else the slowest'),
  latencyOf: z.enum(['p99', 'p90', 'max']),
  cpuPercent: z.number().describe('of one core, at the frame rate; with what waiting threads burn'),
  watts: nullable.describe('mean of all that the sensor sees, at the frame rate; null: not measured'),
  ap: nullable.describe('by the model card, for this size and precision; null: it says nothing'),
  refused: z.string().optional().describe('why it can’t be chosen'),
});
export type Trial = z.infer<typeof trial>;

export const tuningLimits = z.object({
  fps: z.number().positive(),
  latencyMs: z.number().positive(),
  watts: z.number().positive().optional(),
  cpuPercent: z.number().positive().optional().describe('of one core'),
});
export type TuningLimits = z.infer<typeof tuningLimits>;

/** What a choice was measured for; for anything else it says nothing. */
export const tuningKey = z.object({
  board: z.string(),
  model: z.string().describe('sha256 of its files, in the order fp32, int8'),
  runtime: z.string().describe('ONNX Runtime’s version, and the library that the settings name'),
});
export type TuningKey = z.infer<typeof tuningKey>;

/** `<stateDirectory>/tuning/<hash of the key>.json`: the choice, with its evidence. */
export const tuning = z.object({
  tuningVersion: z.literal(tuningVersion),
  at: z.iso.datetime(),
  key: tuningKey,
  source: z.string().describe('where the pictures came from'),
  limits: tuningLimits,
  power: z.string().describe('the sensor; `none` where the board has none'),
  choice: candidate,
  why: z.string(),
  trials: z.array(trial).min(1),
});
export type Tuning = z.infer<typeof tuning>;
