import { z } from 'zod';
import { direction } from './event.js';

/** Raised when a payload changes in a way that breaks a subscriber. */
export const contractVersion = 1;

/** `minspnet/<node>/status`: retained; the last will says `offline`. */
export const status = z.enum(['online', 'offline']);
export type Status = z.infer<typeof status>;

/** The execution provider of the network. */
export const providerFacts = z.object({
  requested: z.string().describe('by the settings: `auto`, `cpu`, `cuda` or `tensorrt`'),
  active: z.string(),
  reason: z.string().optional().describe('why a provider that should have run does not'),
  library: z.string().optional().describe('path of the ONNX Runtime library, where the settings name one'),
});
export type ProviderFacts = z.infer<typeof providerFacts>;

/** The network's input. */
export const inputChoice = z.object({
  size: z
    .tuple([z.int().positive(), z.int().positive()])
    .nullable()
    .describe('[width, height], where it does not follow from the shape of each camera’s picture'),
  pixels: z.int().positive().describe('at most; as many as its size follows from where that is null'),
  reason: z.string().describe('why it is that large, and no larger'),
});
export type InputChoice = z.infer<typeof inputChoice>;

/** `minspnet/<node>/info`: what this node is. Retained. */
export const info = z.object({
  contractVersion: z.literal(contractVersion),
  version: z.string().describe('of the daemon'),
  node: z.string(),
  board: z.string(),
  model: z.object({ name: z.string(), version: z.string(), precision: z.string(), sha256: z.string() }),
  provider: providerFacts,
  input: inputChoice,
  cameras: z.array(z.object({ name: z.string(), source: z.string() })),
});
export type Info = z.infer<typeof info>;

/** `minspnet/<node>/<camera>/state`: how many of each class are in view now. Retained. */
export const cameraState = z.object({
  camera: z.string(),
  at: z.iso.datetime(),
  counts: z.record(z.string(), z.int().min(0)).describe('confirmed tracks by class'),
  moving: z.int().min(0).describe('how many of them do not stand still'),
  zones: z.record(z.string(), z.record(z.string(), z.int().min(0))).describe('the same by zone'),
  lines: z
    .record(z.string(), z.record(direction, z.int().min(0)))
    .optional()
    .describe('how many have crossed each line since the daemon’s start, all classes together'),
});
export type CameraState = z.infer<typeof cameraState>;

/** `minspnet/<node>/<camera>/states/<name>`: what a region of the camera shows. Retained. */
export const regionState = z.object({
  camera: z.string(),
  name: z.string().describe('of the state in the settings'),
  state: z.string().describe('one of `classes`, or `unknown`: nobody looks, or the looks don’t agree'),
  classes: z.array(z.string()).describe('what it may be'),
  score: z.number().min(0).max(1).describe('of the newest look that said so'),
  at: z.iso.datetime().describe('UTC, when the picture was captured that decided it'),
});
export type RegionState = z.infer<typeof regionState>;

/**
 * What a camera does: `starting` -> `live` -> `stalled` (no picture for a while) -> `reconnecting` -> `live`; `ended` is
 * for files only.
 */
export const captureState = z.enum(['starting', 'live', 'stalled', 'reconnecting', 'ended']);
export type CaptureState = z.infer<typeof captureState>;

/** `minspnet/<node>/<camera>/status`: retained. */
export const cameraStatus = z.object({
  camera: z.string(),
  state: z
    .enum([...captureState.options, 'failed'])
    .describe('failed: engines die of its pictures, so it is set aside for a while'),
  reason: z.string().optional(),
  code: z.string().optional().describe('stable name of what broke, `ERR_…`'),
  attempts: z.int().min(0).optional().describe('in a row that gave no picture, or not for long'),
  retryMs: z.number().min(0).optional().describe('from `at` to the next attempt'),
  at: z.iso.datetime(),
});
export type CameraStatus = z.infer<typeof cameraStatus>;
