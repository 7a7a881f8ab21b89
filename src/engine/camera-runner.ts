import type { CameraSettings, EventSettings } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import { type EngineError, SourceError } from '../contract/errors.js';
import type { EndReason } from '../contract/event.js';
import { type Box, round, roundBox } from '../contract/geometry.js';
import type { CameraHealth } from '../contract/health.js';
import { Capture, type CaptureChange, type CapturedFrame } from '../pipeline/capture/capture.js';
import { takeLibcameraStill } from '../pipeline/capture/libcamera.js';
import type { CaptureWorkerData } from '../pipeline/capture/messages.js';
import { toWhole } from '../pipeline/capture/region.js';
import { tensorBytes } from '../pipeline/capture/tensor.js';
import type { Detector } from '../pipeline/detector.js';
import { Scene, type SceneReport } from '../pipeline/scene.js';
import { monotonicMs } from '../timing/monotonic.js';
import { PictureTakers } from './picture-takers.js';
import type { CameraAdjustment, FromEngine } from './protocol.js';
import { ReportQueue } from './report-queue.js';

export interface CameraRunnerOptions {
  name: string;
  /** Begins the ids of this camera's tracks; no other camera has it, now or after a restart. */
  runId: string;
  settings: CameraSettings;
  events: EventSettings;
  /** The score from which a detection makes a track. */
  minScore: number;
  /** What was changed before this engine began. */
  adjustment: CameraAdjustment;
  capture: Omit<CaptureWorkerData, 'settings' | 'snapshot'>;
  /** Runs the job as soon as the network is free. */
  enqueue: (job: (detector: Detector) => Promise<void>) => void;
  send: (message: FromEngine) => void;
  /** Its thread can't be ended: only a new engine helps. */
  hung: (error: EngineError) => void;
}

/**
 * Tracks outlive a gap of up to two seconds in the pictures (the tracker takes no account of them), and what the network
 * and its queue take to see the first picture after it, milliseconds.
 */
const keepTracksMs = 2500;
/** Waits for the network that are remembered. */
const rememberedWaits = 1000;

/** Within this time a camera that gives pictures gives the next one, milliseconds; the slowest may take two periods. */
const nextPictureMs = 5000;
const wholePicture: Box = [0, 0, 1, 1];

/** One camera inside the engine: capture -> (network) -> scene -> messages, in order. */
export class CameraRunner {
  #scene: Scene | undefined;
  readonly #capture: Capture;
  #change: CaptureChange = { state: 'starting', reason: '', attempts: 0 };
  #analysed = 0;
  #still = 0;
  /** Since the last look at the health. */
  #period = { startedAt: monotonicMs(), frames: 0, inferences: 0, inferenceMs: 0 };
  /** From capture to network, milliseconds; the newest ones. */
  readonly #waits: number[] = [];
  #lastFrameAt = monotonicMs();
  #gapTimer: NodeJS.Timeout | undefined;
  #stopping = false;
  #adjustment: CameraAdjustment;
  readonly #takers = new PictureTakers();
  readonly #reports: ReportQueue;
  #photograph: Promise<Uint8Array> | undefined;

  constructor(private readonly options: CameraRunnerOptions) {
    const { settings, events, enqueue, hung, adjustment } = options;
    this.#reports = new ReportQueue(options.name, options.send);
    const fps = adjustment.fps ?? settings.fps;
    this.#adjustment = adjustment;
    this.#capture = new Capture(
      { settings: { ...settings, fps }, snapshot: events.snapshot, ...options.capture },
      {
        opened: ({ width, height }) => this.#opened(width / height),
        changed: (change) => this.#changed(change),
        frame: (frame) => enqueue((detector) => this.#analyse(frame, detector)),
        snapshots: (number, jpegs) => this.#reports.attach(number, jpegs),
        rewound: () => this.#endTracks('source-ended'),
        hung,
      },
    );
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    this.#capture.start();
  }

  async stop(reason: EndReason): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#gapTimer);
    await this.#capture.stop();
    this.#endTracks(reason);
  }

  /** From the next picture on. */
  adjust(adjustment: CameraAdjustment): void {
    this.#adjustment = { ...this.#adjustment, ...adjustment };
    const { detect, fps, minScore } = adjustment;
    if (detect === false) this.#endTracks('detect-off');
    if (fps !== undefined) this.#capture.setRate(fps);
    if (minScore !== undefined && this.#scene !== undefined) this.#scene.minScore = minScore;
  }

  /** Closes the source and opens it again, whatever state it is in. */
  restart(): void {
    this.#endTracks('camera-restart');
    this.#capture.restart();
  }

  /**
   * A photograph at the camera's full resolution, as JPEG: by the camera itself where it takes some, for which its video
   * is interrupted; else the next picture of the stream at the size that it has there. Who asks meanwhile gets the same.
   *
   * @throws {SourceError}
   */
  async takeStill(): Promise<Uint8Array> {
    const { source, state } = this.#capture;
    if (source.kind !== 'libcamera') return this.takePicture(true);
    if (this.#photograph !== undefined) return this.#photograph;
    if (state !== 'live') throw this.#noPicture();
    const take = (signal: AbortSignal) => takeLibcameraStill(source, signal);
    this.#photograph = this.#capture.lend('a still is being taken', take).finally(() => {
      this.#photograph = undefined;
    });
    return this.#photograph;
  }

  /**
   * The next picture of the stream as JPEG, as a whole, no larger than snapshots are.
   *
   * @param full at its own size
   * @throws {SourceError} ERR_SOURCE_NO_PICTURE
   */
  async takePicture(full = false): Promise<Uint8Array> {
    const periodMs = 1000 / (this.#adjustment.fps ?? this.options.settings.fps);
    const timeoutMs = this.#capture.state === 'live' ? nextPictureMs + 2 * periodMs : 0;
    const jpeg = await this.#takers.next(full, timeoutMs);
    if (jpeg === undefined) throw this.#noPicture();
    return jpeg;
  }

  #noPicture(): SourceError {
    const what = `camera ${this.name} gives no picture now (it is ${this.#capture.state}). Try again when it is live.`;
    return new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
  }

  health(): CameraHealth {
    const now = monotonicMs();
    const { startedAt, frames, inferences, inferenceMs } = this.#period;
    this.#period = { startedAt: now, frames: 0, inferences: 0, inferenceMs: 0 };
    const { skipped, decodeErrors, snapshotErrors, clockJumps } = this.#capture.counters;
    const { stalls, reconnects, byCode } = this.#capture.losses;
    return {
      state: this.#change.state,
      reason: this.#change.reason,
      fps: Math.round((frames / (now - startedAt)) * 10_000) / 10,
      frames: this.#analysed,
      still: this.#still,
      skipped,
      decodeErrors,
      snapshotErrors: snapshotErrors + this.#reports.snapshotsGivenUp,
      stalls,
      reconnects,
      losses: byCode,
      clockJumps,
      tracks: this.#scene?.openTracks ?? 0,
      inferenceMs: inferences === 0 ? null : Math.round((inferenceMs / inferences) * 100) / 100,
      waitP99Ms: this.#waitP99(),
    };
  }

  async #analyse(frame: CapturedFrame, detector: Detector): Promise<void> {
    const { generation } = frame;
    const scene = this.#scene;
    if (generation !== this.#capture.generation || scene === undefined || this.#stopping) {
      this.#capture.release(frame); // the camera was lost while its frame waited
      return;
    }
    this.#waited(monotonicMs() - frame.sentMs);
    this.#lastFrameAt = monotonicMs();
    this.#endGap();
    const report = this.#adjustment.detect === false ? nothingToTell() : await this.#look(scene, frame, detector);
    const takers = this.#takers.all();
    const cuts = [
      ...report.shots.map(({ box }) => ({ box })),
      ...takers.map(({ full }) => ({ box: wholePicture, full })),
    ];
    this.#capture.release(frame, cuts, this.#adjustment.detect !== false && scene.settled);
    this.#reports.add(report, cuts.length > 0 ? frame.number : undefined, takers);
  }

  async #look(scene: Scene, frame: CapturedFrame, detector: Detector): Promise<SceneReport> {
    this.#period.frames += 1;
    if (frame.still) {
      this.#analysed += 1;
      this.#still += 1;
      return scene.rest(frame);
    }
    const detections = await this.#detect(frame, detector, scene.lowestScore);
    this.#period.inferences += 1;
    this.#period.inferenceMs += detector.times.inferenceMs;
    // It was switched off, restarted or lost meanwhile, and its tracks have ended.
    const isLate = this.#adjustment.detect === false || frame.generation !== this.#capture.generation || this.#stopping;
    if (isLate) return nothingToTell();
    this.#analysed += 1;
    if (this.options.events.detections) this.#tell(frame, detections, detector.times.inferenceMs);
    return scene.observe(detections, frame);
  }

  /** Boxes are fractions of the whole picture, also where a part of it is analysed. */
  async #detect(frame: CapturedFrame, detector: Detector, minScore: number): Promise<Detection[]> {
    const { input, fitted, region } = frame;
    const detections = await detector.detect({ bytes: tensorBytes(frame.buffer, input), input, fitted }, minScore);
    if (region === undefined) return detections;
    return detections.map((detection) => ({ ...detection, box: toWhole(detection.box, region) }));
  }

  #waited(ms: number): void {
    if (this.#waits.length === rememberedWaits) this.#waits.shift();
    this.#waits.push(ms);
  }

  #waitP99(): number | null {
    if (this.#waits.length === 0) return null;
    const sorted = this.#waits.toSorted((a, b) => a - b);
    return Math.round((sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0) * 100) / 100;
  }

  #tell({ monotonicMs, utcMs, takenMs }: CapturedFrame, seen: readonly Detection[], inferenceMs: number): void {
    const detections = {
      camera: this.name,
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
    this.options.send({ kind: 'detections', detections });
  }

  /** @param aspect the picture's width / height */
  #opened(aspect: number): void {
    if (this.#scene === undefined) this.#scene = this.#createScene(aspect);
    else this.#reports.add(this.#scene.reshape(aspect, { monotonicMs: monotonicMs(), utcMs: Date.now() }));
  }

  #createScene(aspect: number): Scene {
    const { name, runId, settings, events, minScore } = this.options;
    const scene = new Scene({ camera: name, runId, settings, events, minScore, aspect });
    if (this.#adjustment.minScore !== undefined) scene.minScore = this.#adjustment.minScore;
    return scene;
  }

  #changed(change: CaptureChange): void {
    this.#change = change;
    if (change.state === 'ended') this.#endTracks('source-ended');
    if (change.error?.code === 'ERR_SOURCE_THREAD') this.#reports.giveUp(); // their pictures are gone with it
    // Live is what gives pictures: the first one analysed ends the gap.
    if (change.state !== 'live' && change.state !== 'ended') this.#beginGap();
    const { error, ...rest } = change;
    this.options.send({
      kind: 'capture',
      camera: this.options.name,
      ...rest,
      ...(error && { error: error.serialise() }),
    });
  }

  /** Tracks are kept for a while: a stream that is back at once shows what it showed. */
  #beginGap(): void {
    const goneMs = monotonicMs() - this.#lastFrameAt;
    this.#gapTimer ??= setTimeout(() => this.#endTracks('camera-lost'), Math.max(0, keepTracksMs - goneMs));
  }

  #endGap(): void {
    clearTimeout(this.#gapTimer);
    this.#gapTimer = undefined;
  }

  #endTracks(reason: EndReason): void {
    this.#reports.giveUp();
    const report = this.#scene?.end(reason, { monotonicMs: monotonicMs(), utcMs: Date.now() });
    if (report !== undefined) this.#reports.add(report);
  }
}

function nothingToTell(): SceneReport {
  return { observations: [], shots: [], state: undefined };
}
