import type { CameraSettings } from '../../config/schema.js';
import type { SerialisedError } from '../../contract/errors.js';
import type { Cut, SnapshotOptions } from './cut.js';
import type { InputOptions } from './input-size.js';
import type { PacketRingOptions } from './packet-ring.js';
import type { SourceFacts } from './picture-source.js';
import type { TakenPicture } from './preparation.js';
import type { SourceOptions } from './source.js';

/** What a capture thread is given at its start. */
export interface CaptureOptions extends InputOptions {
  settings: Pick<CameraSettings, 'source' | 'fps' | 'pace' | 'loop' | 'motion' | 'recovery' | 'region' | 'tiles'> &
    SourceOptions;
  snapshot: SnapshotOptions;
  /** The newest video is kept as it came, for clips. */
  clips?: PacketRingOptions | undefined;
  /** How often the input options have changed before, see {@link SentFrame.inputs}. */
  inputs: number;
}

/** A picture as a capture thread sends it, together with the memory of its tensor. */
export interface SentFrame extends TakenPicture {
  /** Counts up from 1 within a capture thread. */
  number: number;
  /** How often the input options had changed when it was prepared: one of before is no input of another network. */
  inputs: number;
  /** When it was ready for the network, on the monotonic clock, milliseconds. */
  sentMs: number;
}

/** What capturing has cost and lost so far; milliseconds are summed. */
export interface CaptureCounters {
  decoded: number;
  /** Due, but the network had not taken the one before. */
  skipped: number;
  decodeErrors: number;
  /** The source's time stamps went back or leapt, or this thread was kept from running for long. */
  clockJumps: number;
  /** Snapshots that could not be made, or did not come in time. */
  snapshotErrors: number;
  decodeMs: number;
  scaleMs: number;
}

export function noCounters(): CaptureCounters {
  return { decoded: 0, skipped: 0, decodeErrors: 0, clockJumps: 0, snapshotErrors: 0, decodeMs: 0, scaleMs: 0 };
}

/** Each attempt to play the source has a number, its generation, which counts up within a thread. */
export type ToCaptureThread =
  /** Begins an attempt. One before it may still be on its way out. */
  | { kind: 'open'; generation: number }
  /** Ends an attempt; answered by `closed`, which may take long if something below hangs. */
  | { kind: 'close'; generation: number }
  /**
   * Gives the memory of a frame's tensor back; `cuts` are made of that frame's picture, which is kept until then.
   * `settled`: a second look at the same picture would teach nothing, so the next ones may be told as still.
   */
  | { kind: 'release'; number: number; bytes: Uint8Array<ArrayBuffer>; cuts: readonly Cut[]; settled: boolean }
  /** Writes the video between two moments on the monotonic clock, milliseconds; answered by `clip` of the same `id`. */
  | { kind: 'clip'; id: number; path: string; fromMs: number; toMs: number }
  /** In place of the input options of before; `inputs` goes into the frames from then on. */
  | { kind: 'input'; input: InputOptions; inputs: number }
  /** In place of the settings' fps. */
  | { kind: 'rate'; fps: number }
  /** Ends all attempts, then the thread. */
  | { kind: 'stop' };

/** What comes of an attempt. */
export type AttemptEvent =
  /** The first picture is there. */
  | { kind: 'opened'; facts: SourceFacts }
  /** A looped file starts over: what follows is not connected with what was. */
  | { kind: 'rewound' }
  /** A live source gives no pictures, or gives them again. */
  | { kind: 'stalled' | 'resumed'; reason: string }
  | { kind: 'ended' }
  | { kind: 'failed'; error: SerialisedError };

export type FromCaptureThread =
  | ({ generation: number } & AttemptEvent)
  | { kind: 'frame'; generation: number; frame: SentFrame; counters: CaptureCounters }
  /** Answers a `release` that named cuts, one JPEG a cut; none if they could not be made. */
  | { kind: 'snapshots'; number: number; jpegs: Uint8Array[] }
  /** Answers a `clip`. */
  | { kind: 'clip'; id: number; error?: SerialisedError }
  /** Nothing is left of an attempt. */
  | { kind: 'closed'; generation: number }
  /** Every second, as long as the thread isn't stuck. */
  | { kind: 'alive'; counters: CaptureCounters };
