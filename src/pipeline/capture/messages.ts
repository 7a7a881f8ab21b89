import type { CameraSettings } from '../../config/schema.js';
import type { SerialisedError } from '../../contract/errors.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelInput } from '../../contract/model-card.js';
import type { Size } from './input-size.js';
import type { SourceFacts } from './picture-source.js';
import type { SnapshotOptions } from './snapshot.js';

/** What a capture thread is given at its start. */
export interface CaptureWorkerData {
  settings: Pick<CameraSettings, 'source' | 'fps' | 'pace' | 'loop' | 'motion'>;
  /** Grey of what the picture does not cover, 0..255. */
  fill: number;
  /** Width and height of the input are multiples of this. */
  multipleOf: number;
  /** The input's size where it does not follow from the picture's. */
  input?: Size;
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
  /** The tensor and some slack; see tensorBytes(). */
  buffer: ArrayBuffer;
  input: Size;
  /** The part of the input, from the top left, that the picture covers. */
  fitted: Size;
  /** Of the camera's picture, pixels. */
  picture: Size;
}

/** What capturing has cost and lost so far; milliseconds are summed. */
export interface CaptureCounters {
  decoded: number;
  /** Due, but the network had not taken the one before. */
  skipped: number;
  decodeErrors: number;
  /** Pictures that could not be encoded as JPEG. */
  snapshotErrors: number;
  decodeMs: number;
  scaleMs: number;
}

export type ToCaptureWorker =
  /**
   * Gives a buffer back; `boxes` are cut out of that frame's picture, which is kept until then. `settled`: a second look
   * at the same picture would teach nothing, so the next ones may be told as still.
   */
  | { kind: 'release'; number: number; buffer: ArrayBuffer; boxes: Box[]; settled: boolean }
  /** In place of the settings' fps. */
  | { kind: 'rate'; fps: number }
  | { kind: 'stop' };

export type FromCaptureWorker =
  | { kind: 'opened'; facts: SourceFacts; input: Size }
  | { kind: 'frame'; frame: CapturedFrame; counters: CaptureCounters }
  /** Answers a `release` that named boxes, one JPEG a box. */
  | { kind: 'snapshots'; number: number; jpegs: Uint8Array[] }
  /** A looped file starts over: what follows is not connected with what was. */
  | { kind: 'rewound' }
  | { kind: 'ended'; counters: CaptureCounters }
  | { kind: 'failed'; error: SerialisedError };
