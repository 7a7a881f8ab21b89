import type { CameraSettings } from '../../config/schema.js';
import type { SerialisedError } from '../../contract/errors.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelInput } from '../../contract/model-card.js';
import type { Size } from './input-size.js';
import type { SourceFacts } from './picture-source.js';
import type { Cut, SnapshotOptions } from './snapshot.js';
import type { SourceOptions } from './source.js';

/** What a capture thread is given at its start. */
export interface CaptureWorkerData {
  settings: Pick<CameraSettings, 'source' | 'fps' | 'pace' | 'loop' | 'motion' | 'recovery' | 'region'> & SourceOptions;
  /** Grey of what the picture does not cover, 0..255. */
  fill: number;
  /** Width and height of the input are multiples of this. */
  multipleOf: number;
  /** The input's size where it does not follow from the picture's. */
  input?: Size;
  /** Pixels of an input whose size follows from the picture's, at most; by default the usual budget. */
  inputPixels?: number;
  /** How the picture comes into the input. */
  resize: ModelInput['resize'];
  snapshot: SnapshotOptions;
}

/** When a picture was captured. */
export interface CaptureTime {
  /** The board's monotonic clock (CLOCK_MONOTONIC), milliseconds; the same in all processes and threads. */
  monotonicMs: number;
  /** UTC, milliseconds since the epoch. */
  utcMs: number;
}

/** A picture as a tensor. Whoever takes it gives its buffer back with `release`. */
export interface CapturedFrame extends CaptureTime {
  /** Counts up from 1 within a capture thread. */
  number: number;
  /** Nothing has changed since the last frame that was not still; the buffer holds no picture. */
  still: boolean;
  /** Of the attempt that it came with. */
  generation: number;
  /** When its decoded picture was taken, on the monotonic clock; a file's time of capture is that of its time stamps. */
  takenMs: number;
  /** When it was ready for the network, on the monotonic clock, milliseconds. */
  sentMs: number;
  /** The tensor and some slack; see tensorBytes(). */
  buffer: ArrayBuffer;
  input: Size;
  /** The part of the input, from the top left, that the picture covers. */
  fitted: Size;
  /** Of the camera's picture, pixels. */
  picture: Size;
  /** The part of the picture that is in the tensor, where that is not all of it; fractions of the picture. */
  region?: Box;
}

/** What capturing has cost and lost so far; milliseconds are summed. */
export interface CaptureCounters {
  decoded: number;
  /** Due, but the network had not taken the one before. */
  skipped: number;
  decodeErrors: number;
  /** The source's time stamps went back or leapt, or this thread was kept from running for long. */
  clockJumps: number;
  /** Snapshots that could not be made. */
  snapshotErrors: number;
  decodeMs: number;
  scaleMs: number;
}

export function noCounters(): CaptureCounters {
  return { decoded: 0, skipped: 0, decodeErrors: 0, clockJumps: 0, snapshotErrors: 0, decodeMs: 0, scaleMs: 0 };
}

export function sumOf(one: CaptureCounters, other: CaptureCounters): CaptureCounters {
  const sum = { ...one };
  for (const name of Object.keys(sum) as (keyof CaptureCounters)[]) sum[name] += other[name];
  return sum;
}

/**
 * Each attempt to play the source has a number, its generation; what is said of an attempt that is no longer the newest
 * is not listened to.
 */
export type ToCaptureWorker =
  /** Begins an attempt. One before it may still be on its way out. */
  | { kind: 'open'; generation: number }
  /** Ends an attempt; answered by `closed`, which may take long where something below hangs. */
  | { kind: 'close'; generation: number }
  /**
   * Gives a buffer back; `cuts` are made of that frame's picture, which is kept until then. `settled`: a second look
   * at the same picture would teach nothing, so the next ones may be told as still.
   */
  | { kind: 'release'; number: number; buffer: ArrayBuffer; cuts: Cut[]; settled: boolean }
  /** In place of the settings' fps. */
  | { kind: 'rate'; fps: number }
  /** Ends all attempts, then the thread. */
  | { kind: 'stop' };

export type FromCaptureWorker =
  /** The first picture is there. */
  | { kind: 'opened'; generation: number; facts: SourceFacts; input: Size }
  | { kind: 'frame'; frame: CapturedFrame; counters: CaptureCounters }
  /** Answers a `release` that named cuts, one JPEG a cut. */
  | { kind: 'snapshots'; number: number; jpegs: Uint8Array[] }
  /** A looped file starts over: what follows is not connected with what was. */
  | { kind: 'rewound'; generation: number }
  /** A live source gives no pictures, or gives them again. */
  | { kind: 'stalled'; generation: number; reason: string }
  | { kind: 'resumed'; generation: number; reason: string }
  | { kind: 'ended'; generation: number }
  | { kind: 'failed'; generation: number; error: SerialisedError }
  /** Nothing is left of an attempt. */
  | { kind: 'closed'; generation: number }
  /** Every second, as long as the thread isn't stuck. */
  | { kind: 'alive'; counters: CaptureCounters };
