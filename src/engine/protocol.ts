import type { HistorySettings } from '../config/history-settings.js';
import type { CameraSettings, EventSettings, RuntimeSettings, Settings } from '../config/schema.js';
import type { Detections } from '../contract/detection.js';
import type { SerialisedError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type { VerifiedClassifier } from '../contract/head.js';
import type { CameraHealth } from '../contract/health.js';
import type { Feet } from '../contract/heat.js';
import type { LiveFrame } from '../contract/live.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { PictureStage } from '../contract/stages.js';
import type { CameraState, CaptureState, InputChoice, ProviderFacts, RegionState } from '../contract/status.js';
import type { DurationCounts } from '../timing/histogram.js';

/** Daemon and engine of different versions refuse each other. */
export const protocolVersion = 10;

/** What an engine is told of the network's input: its size, the pixels that it may have, or what it may cost. */
export type InputWish =
  | { size: [number, number]; reason: string }
  | { pixels: number; reason: string }
  | { budget: InputBudget };

export interface InputBudget {
  /** Of one core, for the network alone. */
  percent: number;
  /** Whose budget it is, for people. */
  of: string;
  /** Pictures a second of all cameras together, at most. */
  fps: number;
}

/** What an engine is told at its start; `configure` changes it while it lives, but for where it runs. */
export interface EngineSettings {
  /** Makes the track ids of this engine different from those of every other one. */
  runId: string;
  model: VerifiedModel;
  input: InputWish;
  runtime: RuntimeSettings;
  /** Where what takes long to compute is kept from one engine to the next. */
  cacheDirectory: string;
  events: EventSettings;
  /** What is kept of the past; nothing where it is not given. */
  history?: HistorySettings;
  cameras: Record<string, CameraSettings>;
  classifiers?: Settings['classifiers'];
  secondaryModels?: SecondaryModels;
  /** What was changed since the settings were written, by camera. */
  adjustments: Record<string, CameraAdjustment>;
}

/** The models besides the detector, by the name that the settings give them, as far as they are there. */
export interface SecondaryModels {
  /** Of classifiers and states. */
  classifiers: Record<string, VerifiedClassifier>;
  segmenters: Record<string, VerifiedModel<'segment'>>;
}

/** What can be changed of a camera while it runs; what is not named stays as it is. */
export interface CameraAdjustment {
  /** False: pictures come, but the network does not look at them. */
  detect?: boolean;
  /** Pictures analysed a second, at most. */
  fps?: number;
  /** The score from which a detection makes a track, 0..1. */
  minScore?: number;
}

/** What the network runs as, once it is loaded. */
export interface EngineFacts {
  provider: ProviderFacts;
  input: InputChoice;
}

export type ToEngine =
  | { kind: 'start'; protocolVersion: number; settings: EngineSettings }
  /**
   * What has changed is put in force, and only that: cameras come and go, one whose source has changed is opened anew, and
   * another model takes the place of the present one between two pictures. Answered by `configured`, or by `no-answer`:
   * then all is as before.
   */
  | { kind: 'configure'; id: number; settings: Omit<EngineSettings, 'runId'> }
  /** Asks whether the model works, with no camera; answered by `configured` or `no-answer`. */
  | { kind: 'self-test'; id: number }
  | { kind: 'adjust'; camera: string; adjustment: CameraAdjustment }
  /** Closes the camera's source and opens it again; its tracks end with `camera-restart`. */
  | { kind: 'restart-camera'; camera: string }
  /** Other models besides the detector: one was taught. */
  | { kind: 'secondary-models'; models: SecondaryModels }
  /**
   * Asks for the camera's next picture, a part of it or a still of it; answered by `picture` or `no-answer` of the same
   * `id`.
   */
  | { kind: 'take-picture'; camera: string; id: number; still: boolean; part?: Box }
  /** Asks for the next picture that is looked at, at most `maxSize` pixels long, with the tracks in it: `shown`. */
  | { kind: 'show'; camera: string; id: number; maxSize: number }
  /** Writes the video between two moments on the monotonic clock as MP4: `clip-made`, or `no-answer`. */
  | { kind: 'make-clip'; camera: string; id: number; path: string; fromMs: number; toMs: number }
  /** Asks what a camera saw in the last seconds and why it was told or not; answered by `explanation` or `no-answer`. */
  | { kind: 'explain'; camera: string; id: number; seconds: number; place: Point | undefined }
  /** What is learnt as background of the camera is forgotten. */
  | { kind: 'clear-background'; camera: string }
  /** Ends the open tracks with the reason, then answers `stopped` and exits. */
  | { kind: 'stop'; reason: 'stopping' | 'engine-restart' };

/** A JPEG of a track; always sent before the observation that it belongs to. */
export interface TrackSnapshot {
  camera: string;
  track: string;
  class: string;
  jpeg: Uint8Array;
  /** Where it is in the whole picture. */
  box: Box;
  /** The whole picture, where it is to be kept. JPEG. */
  picture?: Uint8Array;
}

/** The whole picture of a camera. */
export interface TakenPicture {
  jpeg: Uint8Array;
  /** Pixels. */
  width: number;
  height: number;
}

/** By stage; a picture in which nothing had changed passes none but `total`. */
export type StageDurations = Record<PictureStage, DurationCounts>;

/** A picture with what was found in it. */
export interface ShownPicture {
  jpeg: Uint8Array;
  /** `number` is the viewer's. */
  frame: Omit<LiveFrame, 'number'>;
}

export type FromEngine =
  | { kind: 'ready'; protocolVersion: number; facts: EngineFacts }
  /** `error` tells an end by failure from the end of a file. */
  | {
      kind: 'capture';
      camera: string;
      state: CaptureState;
      reason: string;
      attempts: number;
      retryMs?: number;
      error?: SerialisedError;
    }
  | { kind: 'snapshot'; snapshot: TrackSnapshot }
  | { kind: 'observation'; observation: Observation }
  | { kind: 'state'; state: CameraState }
  | { kind: 'region-state'; state: RegionState }
  /** Of each picture that the network has seen, where `events.detections` is set. */
  | { kind: 'detections'; detections: Detections }
  | ({ kind: 'picture'; id: number } & TakenPicture)
  | ({ kind: 'shown'; id: number } & ShownPicture)
  | { kind: 'clip-made'; id: number }
  | { kind: 'explanation'; id: number; explanation: Explanation }
  | { kind: 'configured'; id: number; facts: EngineFacts }
  /** In place of one of those. */
  | { kind: 'no-answer'; id: number; error: SerialisedError }
  /** Sent every second; its absence for a few seconds means that the engine hangs. */
  | {
      kind: 'heartbeat';
      at: number;
      rssBytes: number;
      cpuSeconds: number;
      cameras: Record<string, CameraHealth>;
      /** How long the pictures of each camera took, since the start of the engine. */
      stages: Record<string, StageDurations>;
      /** Where the objects of each camera stood since the last heartbeat. */
      feet: Record<string, Feet>;
    }
  /** Another network is loaded, or TensorRT builds an engine for a new size: nothing else is said meanwhile, for minutes. */
  | { kind: 'building'; over: boolean }
  | { kind: 'failed'; error: SerialisedError }
  | { kind: 'stopped' };
