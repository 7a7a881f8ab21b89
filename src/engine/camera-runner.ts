import { setTimeout as sleep } from 'node:timers/promises';
import type { CameraSettings, EventSettings } from '../config/schema.js';
import { SourceError } from '../contract/errors.js';
import type { EndReason } from '../contract/event.js';
import type { Box } from '../contract/geometry.js';
import type { CameraHealth } from '../contract/health.js';
import type { CaptureState } from '../contract/status.js';
import { Capture, type CapturedFrame } from '../pipeline/capture/capture.js';
import type { CaptureWorkerData } from '../pipeline/capture/messages.js';
import { monotonicMs } from '../pipeline/capture/monotonic.js';
import { parseSource } from '../pipeline/capture/source.js';
import { tensorBytes } from '../pipeline/capture/tensor.js';
import type { Detector } from '../pipeline/detector.js';
import { Scene, type SceneReport } from '../pipeline/scene.js';
import type { CameraAdjustment, FromEngine } from './protocol.js';

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
}

/** Between attempts to open a live source, milliseconds: doubled each time, up to the last. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/** Within this time a camera that gives pictures gives the next one, milliseconds; the slowest may take two periods. */
const nextPictureMs = 5000;
const wholePicture: Box = [0, 0, 1, 1];

/** Somebody who wants the next picture. Called with undefined when it could not be made. */
type PictureTaker = (jpeg: Uint8Array | undefined) => void;

/** A report whose snapshots are still being made, by the number of its frame. */
interface Pending {
  frame: number;
  report: SceneReport;
  awaited: boolean;
  /** One a shot, then one for all takers of the whole picture. */
  jpegs: Uint8Array[];
  takers: PictureTaker[];
}

/** One camera inside the engine: capture -> (network) -> scene -> messages, in order. */
export class CameraRunner {
  #scene: Scene | undefined;
  readonly #live: boolean;
  #capture: Capture | undefined;
  #state: CaptureState = 'starting';
  #pending: Pending[] = [];
  #analysed = 0;
  #still = 0;
  /** Since the last look at the health. */
  #period = { startedAt: monotonicMs(), frames: 0, inferences: 0, inferenceMs: 0 };
  #retryMs = firstRetryMs;
  readonly #stop = new AbortController();
  #adjustment: CameraAdjustment;
  #takers: PictureTaker[] = [];
  /** Counts the restarts that were asked for, so that what was begun before one knows that it is out of date. */
  #restarts = 0;

  constructor(private readonly options: CameraRunnerOptions) {
    this.#adjustment = options.adjustment;
    this.#live = parseSource(options.settings.source).live;
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    this.#setState('starting', 'the source is being opened');
    this.#open();
  }

  async stop(reason: EndReason): Promise<void> {
    this.#stop.abort();
    await this.#capture?.stop();
    this.#endTracks(reason);
  }

  /** From the next picture on. */
  adjust(adjustment: CameraAdjustment): void {
    this.#adjustment = { ...this.#adjustment, ...adjustment };
    const { detect, fps, minScore } = adjustment;
    if (detect === false) this.#endTracks('detect-off');
    if (fps !== undefined) this.#capture?.setRate(fps);
    if (minScore !== undefined && this.#scene !== undefined) this.#scene.minScore = minScore;
  }

  /** Closes the source and opens it again, whatever state it is in. */
  async restart(): Promise<void> {
    const restart = ++this.#restarts;
    const old = this.#capture;
    this.#capture = undefined;
    this.#retryMs = firstRetryMs;
    this.#endTracks('camera-restart');
    this.#setState('starting', 'a restart was asked for');
    await old?.stop();
    if (restart === this.#restarts && !this.#stop.signal.aborted) this.#open();
  }

  /**
   * The next picture of the stream as JPEG, as a whole, no larger than snapshots are.
   *
   * @throws {SourceError} ERR_SOURCE_NO_PICTURE
   */
  async takePicture(): Promise<Uint8Array> {
    const jpeg = await new Promise<Uint8Array | undefined>((resolve) => {
      const periodMs = 1000 / (this.#adjustment.fps ?? this.options.settings.fps);
      const timer = setTimeout(() => resolve(undefined), this.#state === 'live' ? nextPictureMs + 2 * periodMs : 0);
      this.#takers.push((jpeg) => {
        clearTimeout(timer);
        resolve(jpeg);
      });
    });
    if (jpeg !== undefined) return jpeg;
    const what = `camera ${this.name} gives no picture now (it is ${this.#state}). Try again when it is live.`;
    throw new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
  }

  health(): CameraHealth {
    const now = monotonicMs();
    const { startedAt, frames, inferences, inferenceMs } = this.#period;
    this.#period = { startedAt: now, frames: 0, inferences: 0, inferenceMs: 0 };
    const { skipped = 0, decodeErrors = 0 } = this.#capture?.counters ?? {};
    return {
      state: this.#state,
      fps: Math.round((frames / (now - startedAt)) * 10_000) / 10,
      frames: this.#analysed,
      still: this.#still,
      skipped,
      decodeErrors,
      tracks: this.#scene?.openTracks ?? 0,
      inferenceMs: inferences === 0 ? null : Math.round((inferenceMs / inferences) * 100) / 100,
    };
  }

  async #analyse(capture: Capture, frame: CapturedFrame, detector: Detector): Promise<void> {
    if (capture !== this.#capture || this.#scene === undefined) return; // it was lost while its frame waited
    const report = this.#adjustment.detect === false ? nothingToTell() : await this.#look(capture, frame, detector);
    if (capture !== this.#capture) return; // it was restarted meanwhile
    const takers = this.#takers.splice(0);
    const boxes = [...report.shots.map((shot) => shot.box), ...(takers.length > 0 ? [wholePicture] : [])];
    capture.release(frame, boxes, this.#adjustment.detect !== false && this.#scene.settled);
    this.#pending.push({ frame: frame.number, report, awaited: boxes.length > 0, jpegs: [], takers });
    this.#flush();
  }

  async #look(capture: Capture, frame: CapturedFrame, detector: Detector): Promise<SceneReport> {
    const scene = this.#scene as Scene;
    this.#period.frames += 1;
    if (frame.still) {
      this.#analysed += 1;
      this.#still += 1;
      return scene.rest(frame);
    }
    const pixels = { bytes: tensorBytes(frame.buffer, frame.input), input: frame.input, fitted: frame.fitted };
    const detections = await detector.detect(pixels, scene.lowestScore);
    this.#period.inferences += 1;
    this.#period.inferenceMs += detector.times.inferenceMs;
    // It was switched off or restarted meanwhile, and its tracks have ended.
    if (this.#adjustment.detect === false || capture !== this.#capture) return nothingToTell();
    this.#analysed += 1;
    return scene.observe(detections, frame);
  }

  #open(): void {
    const { settings, events, enqueue } = this.options;
    const fps = this.#adjustment.fps ?? settings.fps;
    const capture: Capture = new Capture(
      { settings: { ...settings, fps }, snapshot: events.snapshot, ...this.options.capture },
      {
        opened: ({ width, height, fps, by }) => {
          if (capture !== this.#capture) return;
          this.#retryMs = firstRetryMs;
          this.#scene ??= this.#createScene(width / height);
          this.#setState('live', `${width}x${height}${fps > 0 ? ` at ${Math.round(fps * 10) / 10} fps` : ''} (${by})`);
        },
        frame: (frame) => enqueue((detector) => this.#analyse(capture, frame, detector)),
        snapshots: (number, jpegs) => {
          if (capture === this.#capture) this.#attach(number, jpegs);
        },
        rewound: () => {
          if (capture === this.#capture) this.#endTracks('source-ended');
        },
        ended: () => {
          if (capture === this.#capture) this.#ended('the source has ended');
        },
        failed: (error) => {
          if (capture === this.#capture) this.#ended(error.message, error);
        },
      },
    );
    this.#capture = capture;
    capture.start();
  }

  /** @param aspect the picture's width / height */
  #createScene(aspect: number): Scene {
    const { name, runId, settings, events, minScore } = this.options;
    const scene = new Scene({ camera: name, runId, settings, events, minScore, aspect });
    if (this.#adjustment.minScore !== undefined) scene.minScore = this.#adjustment.minScore;
    return scene;
  }

  #ended(reason: string, error?: SourceError): void {
    if (this.#stop.signal.aborted) return;
    if (!this.#live) {
      this.#endTracks('source-ended');
      this.#setState('ended', reason, error);
      return;
    }
    this.#endTracks('camera-lost');
    this.#setState('reconnecting', reason, error);
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    const jitter = 0.5 + Math.random(); // many cameras that lost one switch must not come back in step
    const wait = this.#retryMs * jitter;
    const restarts = this.#restarts;
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
    await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    if (!this.#stop.signal.aborted && restarts === this.#restarts) this.#open();
  }

  #endTracks(reason: EndReason): void {
    for (const pending of this.#pending) pending.awaited = false; // their pictures are gone with the capture
    const report = this.#scene?.end(reason, { monotonicMs: monotonicMs(), utcMs: Date.now() });
    if (report !== undefined) this.#pending.push({ frame: Number.NaN, report, awaited: false, jpegs: [], takers: [] });
    this.#flush();
  }

  #attach(frame: number, jpegs: Uint8Array[]): void {
    const pending = this.#pending.find((candidate) => candidate.frame === frame);
    if (pending === undefined) return;
    pending.awaited = false;
    pending.jpegs = jpegs;
    this.#flush();
  }

  /** Sends what is complete, in the order of the frames: a snapshot always before the event that speaks of it. */
  #flush(): void {
    while (this.#pending[0]?.awaited === false) {
      const { report, jpegs, takers } = this.#pending.shift() as Pending;
      const camera = this.options.name;
      jpegs.forEach((jpeg, i) => {
        const shot = report.shots[i];
        if (shot === undefined) return;
        this.options.send({ kind: 'snapshot', snapshot: { camera, track: shot.track, class: shot.class, jpeg } });
      });
      for (const observation of report.observations) this.options.send({ kind: 'observation', observation });
      if (report.state !== undefined) this.options.send({ kind: 'state', state: report.state });
      for (const taker of takers) taker(jpegs[report.shots.length]);
    }
  }

  #setState(state: CaptureState, reason: string, error?: SourceError): void {
    this.#state = state;
    this.options.send({
      kind: 'capture',
      camera: this.options.name,
      state,
      reason,
      ...(error && { error: error.serialise() }),
    });
  }
}

function nothingToTell(): SceneReport {
  return { observations: [], shots: [], state: undefined };
}
