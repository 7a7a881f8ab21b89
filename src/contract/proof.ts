import { z } from 'zod';
import { benchmark } from './benchmark.js';
import { tuning } from './tuning.js';

/** Raised when a field of the document changes its meaning. */
export const proofVersion = 1;

const count = z.int().min(0);
const milliseconds = z.number().min(0);

/** What `doctor` looked at. Messages that may name a person, an address or a place stay out of it. */
const check = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  message: z.string().optional().describe('of what the board itself is and has'),
});

/** A detector’s boxes on the packed pictures, beside those that the reference machine found. */
export const selfTestResult = z.object({
  model: z.string(),
  version: z.string(),
  precision: z.enum(['fp32', 'int8']),
  sha256: z.string(),
  provider: z.string().describe('that ran'),
  pictures: count,
  matched: count.describe('boxes of the reference that have their like here'),
  alone: count.describe('boxes of either that have none'),
  score: z.number().describe('the largest difference of scores'),
  pixels: z.number().describe('the largest difference of edges'),
  tolerance: z
    .object({ score: z.number(), pixels: z.number() })
    .describe('the largest differences between INT8 and FP32 on the reference machine'),
  within: z
    .boolean()
    .describe('within the tolerance, and each box without its like so near the least score that this explains it'),
});
export type SelfTestResult = z.infer<typeof selfTestResult>;

/** Something that was done to the running daemon. */
const fault = z.object({ recoveredMs: milliseconds.describe('until a picture was told of again') });

export const cameraRun = z.object({
  kind: z.string().describe('what it is read through, such as v4l2, libcamera, rtsp, or demo; never its address'),
  seconds: z.number().describe('from the first picture on'),
  pictures: count.describe('told of'),
  inferenceMs: z.number().nullable().describe('median of them'),
  engineKilled: fault,
  brokerLost: fault.extend({
    seconds: z.number().describe('that the broker could not be reached'),
    waiting: count.describe('events that were kept meanwhile, as far as known'),
  }),
  events: z
    .object({
      told: count.describe('different ones, as a program with the client gets them'),
      lost: count.describe('numbers that never came'),
      twice: count.describe('that the program was given twice'),
      again: count.describe('that came over MQTT twice, of which the client gave one on'),
    })
    .describe('by the numbers that each camera’s events have'),
});
export type CameraRun = z.infer<typeof cameraRun>;

/** A part that could not be done; its message may hold an address, so it was only told to the owner. */
const failure = z.object({ code: z.string().describe('stable name of what went wrong, `ERR_…`') });

/** `minspnet proof`: that a board does what is promised, in a file that its owner can attach to a report. */
export const proof = z.object({
  proofVersion: z.literal(proofVersion),
  at: z.iso.datetime(),
  version: z.string().describe('of minspnet'),
  architecture: z.string().describe('of the processor: x64, arm64'),
  emulator: z.string().nullable().describe('the program that imitates that processor; null: it is a real one'),
  minutes: z.number().describe('that were asked for'),
  passed: z.boolean(),
  faults: z.array(z.string()).describe('why it did not pass'),
  doctor: z.array(check),
  selfTest: z.union([z.array(selfTestResult), failure]),
  tuning: z.union([tuning, failure]),
  benchmark: z.union([benchmark, failure]),
  camera: z.union([cameraRun, failure]),
});
export type Proof = z.infer<typeof proof>;
export type Failure = z.infer<typeof failure>;

/** Whether a part was done. */
export function isDone<Part extends object>(part: Part | Failure): part is Part {
  return !('code' in part);
}

/** A detector’s boxes on the packed pictures as the reference machine found them: `models/<name>/reference.json`. */
export const reference = z.object({
  referenceVersion: z.literal(1),
  machine: z.string().describe('where it was made'),
  frames: z.array(count).describe('of the demo clip, from 0'),
  minScore: z.number(),
  tolerance: selfTestResult.shape.tolerance,
  boxes: z.record(
    z.enum(['fp32', 'int8']),
    z.object({
      sha256: z.string().describe('of the model’s file'),
      pictures: z.array(
        z.array(
          z.object({
            class: z.string(),
            score: z.number(),
            box: z.tuple([z.number(), z.number(), z.number(), z.number()]).describe('left, top, right, bottom; pixels'),
          }),
        ),
      ),
    }),
  ),
});
export type Reference = z.infer<typeof reference>;
