import { setTimeout as sleep } from 'node:timers/promises';
import type { CameraSettings, EventSettings } from '../config/schema.js';
import type { SourceError } from '../contract/errors.js';
import type { EndReason } from '../contract/event.js';
import type { CameraHealth } from '../contract/health.js';
import type { CaptureState } from '../contract/status.js';
import { Capture, type CapturedFrame } from '../pipeline/capture/capture.js';
import type { CaptureWorkerData } from '../pipeline/capture/messages.js';
import { monotonicMs } from '../pipeline/capture/monotonic.js';
import { parseSource } from '../pipeline/capture/source.js';
import { tensorBytes } from '../pipeline/capture/tensor.js';
import type { Detector } from '../pipeline/detector.js';
import { Scene, type SceneReport } from '../pipeline/scene.js';
import type { FromEngine } from './protocol.js';

export interface CameraRunnerOptions {
  name: string;
  /** Begins the ids of this camera's tracks; no other camera has it, now or after a restart. */
  runId: string;
  settings: CameraSettings;
  events: EventSettings;
  /** The score from which a detection makes a track. */
  minScore: number;
  capture: Omit<CaptureWorkerData, 'settings' | 'snapshot'>;
  /** Runs the job as soon as the network is free. */
  enqueue: (job: (detector: Detector) => Promise<void>) => void;
  send: (message: FromEngine) => void;
}

/** Between attempts to open a live source, milliseconds: doubled each time, up to the last. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/** A report whose snapshots are still being made, by the number of its frame. */
interface Pending {
  frame: number;
  report: SceneReport;
  awaited: boolean;
  jpegs: Uint8Array[];
}

/** One camera inside the engine: capture -> (network) -> scene -> messages, in order. */
export class CameraRunner {
  #scene: Scene | undefined;
  readonly #live: boolean;
  #capture: Capture | undefined;
  #state: CaptureState = 'starting';
  #pending: Pending[] = [];
  #analysed = 0;
  /** Since the last look at the health. */
  #period = { startedAt: monotonicMs(), frames: 0, inferenceMs: 0 };
  #retryMs = firstRetryMs;
  readonly #stop = new AbortController();

  constructor(private readonly options: CameraRunnerOptions) {
    this.#live = parseSource(options.settings.source).live;
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    this.#setState('starting', 'the source is being opened');
    this.#open();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#capture?.stop();
    this.#endTracks('stopping');
  }

  health(): CameraHealth {
    const now = monotonicMs();
    const { startedAt, frames, inferenceMs } = this.#period;
    this.#period = { startedAt: now, frames: 0, inferenceMs: 0 };
    const { skipped = 0, decodeErrors = 0 } = this.#capture?.counters ?? {};
    return {
      state: this.#state,
      fps: Math.round((frames / (now - startedAt)) * 10_000) / 10,
      frames: this.#analysed,
      skipped,
      decodeErrors,
      tracks: this.#scene?.openTracks ?? 0,
      inferenceMs: frames === 0 ? null : Math.round((inferenceMs / frames) * 100) / 100,
    };
  }

  async #analyse(capture: Capture, frame: CapturedFrame, detector: Detector): Promise<void> {
    if (capture !== this.#capture || this.#scene === undefined) return; // it was lost while its frame waited
    const pixels = { bytes: tensorBytes(frame.buffer, frame.input), input: frame.input, fitted: frame.fitted };
    const detections = await detector.detect(pixels, this.#scene.lowestScore);
    const report = this.#scene.observe(detections, frame);
    this.#analysed += 1;
    this.#period.frames += 1;
    this.#period.inferenceMs += detector.times.inferenceMs;
    capture.release(
      frame,
      report.shots.map((shot) => shot.box),
    );
    this.#pending.push({ frame: frame.number, report, awaited: report.shots.length > 0, jpegs: [] });
    this.#flush();
  }

  #open(): void {
    const { settings, events, enqueue } = this.options;
    const capture: Capture = new Capture(
      { settings, snapshot: events.snapshot, ...this.options.capture },
      {
        opened: ({ width, height, fps, by }) => {
          this.#retryMs = firstRetryMs;
          this.#scene ??= this.#createScene(width / height);
          this.#setState('live', `${width}x${height}${fps > 0 ? ` at ${Math.round(fps * 10) / 10} fps` : ''} (${by})`);
        },
        frame: (frame) => enqueue((detector) => this.#analyse(capture, frame, detector)),
        snapshots: (number, jpegs) => this.#attach(number, jpegs),
        rewound: () => this.#endTracks('source-ended'),
        ended: () => this.#ended('the source has ended'),
        failed: (error) => this.#ended(error.message, error),
      },
    );
    this.#capture = capture;
    capture.start();
  }

  /** @param aspect the picture's width / height */
  #createScene(aspect: number): Scene {
    const { name, runId, settings, events, minScore } = this.options;
    return new Scene({ camera: name, runId, settings, events, minScore, aspect });
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
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
    await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    if (!this.#stop.signal.aborted) this.#open();
  }

  #endTracks(reason: EndReason): void {
    for (const pending of this.#pending) pending.awaited = false; // their pictures are gone with the capture
    const report = this.#scene?.end(reason, { monotonicMs: monotonicMs(), utcMs: Date.now() });
    if (report !== undefined) this.#pending.push({ frame: Number.NaN, report, awaited: false, jpegs: [] });
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
      const { report, jpegs } = this.#pending.shift() as Pending;
      const camera = this.options.name;
      jpegs.forEach((jpeg, i) => {
        const shot = report.shots[i];
        if (shot === undefined) return;
        this.options.send({ kind: 'snapshot', snapshot: { camera, track: shot.track, class: shot.class, jpeg } });
      });
      for (const observation of report.observations) this.options.send({ kind: 'observation', observation });
      if (report.state !== undefined) this.options.send({ kind: 'state', state: report.state });
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
