import { isDeepStrictEqual } from 'node:util';
import { type EngineError, SourceError } from '../contract/errors.js';
import type { EndReason } from '../contract/event.js';
import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type { CameraHealth } from '../contract/health.js';
import type { Feet } from '../contract/heat.js';
import { Analysis } from '../pipeline/analysis.js';
import { Capture, type CaptureChange, type CaptureWorld, type Frame } from '../pipeline/capture/capture.js';
import { type Cut, fullPicture, jpegSize } from '../pipeline/capture/cut.js';
import type { Size } from '../pipeline/capture/input-size.js';
import type { Detector } from '../pipeline/network.js';
import { Outliner } from '../pipeline/outliner.js';
import { round } from '../pipeline/rounding.js';
import type { SceneReport } from '../pipeline/scene.js';
import type { Segmenter } from '../pipeline/segmenter.js';
import { captureTimeNow, monotonicMs } from '../timing/monotonic.js';
import { type CameraWork, fpsOf, ofSource, periodMsOf } from './camera-work.js';
import { detectionsOf } from './detections-report.js';
import { Footprints } from './footprints.js';
import { Pictures } from './pictures.js';
import type { CameraAdjustment, FromEngine, ShownPicture, StageDurations } from './protocol.js';
import { SecondLook, type SecondLookOptions } from './second-look.js';
import { Statistics } from './statistics.js';

export interface CameraOptions extends CameraWork {
  name: string;
  /** Begins the ids of this camera's tracks; no other camera has it, now or after a restart. */
  runId: string;
  detector: Pick<Detector, 'detect' | 'inferenceMs'>;
  /** The classifier of a model, if it is there. */
  findClassifier?: SecondLookOptions['find'];
  /** The segmenter of a model, likewise. */
  findSegmenter?: (model: string) => Segmenter | undefined;
  /** Pictures of all cameras that wait for the network. */
  waiting?: () => number;
  /** Runs the job as soon as the network is free. */
  enqueue: (job: () => Promise<void>) => void;
  /** Forgets the jobs that wait; resolves when none of this camera's runs any more. */
  dropJobs: () => Promise<void>;
  send: (message: FromEngine) => void;
  /** Its thread can't be ended: only a new engine helps. */
  hung: (error: EngineError) => void;
  /** What its capture takes from outside; another one in tests. */
  world?: CaptureWorld;
}

/**
 * Tracks outlive a gap of up to two seconds in the pictures (the tracker takes no account of them), and what the network
 * and its queue take to see the first picture after it, milliseconds.
 */
const keepTracksMs = 2500;

/** JPEG quality of the pictures that are shown, 1..100. */
const shownQuality = 75;

/** The picture that is kept of an event. */
const keptPicture: Cut = { box: [0, 0, 1, 1], options: { quality: 80, maxSize: 1280 } };

/** Of a part of a picture: as large as it is, and nothing around it. */
const partOptions = { ...fullPicture, margin: 0 };

/** Why tracks end when nobody sees anything for now. */
const noPictures: ReadonlySet<EndReason> = new Set(['source-ended', 'camera-lost', 'stopping', 'engine-restart']);

/** What is told of a picture that is shown, beside the JPEG's own size. */
type About = Omit<ShownPicture['frame'], 'width' | 'height'>;

/** One camera inside the engine: capture -> (network) -> scene -> messages, in order. */
export class Camera {
  readonly #capture: Capture;
  readonly #analysis: Analysis;
  readonly #pictures: Pictures<About>;
  readonly #statistics = new Statistics();
  readonly #footprints = new Footprints();
  readonly #outliner = new Outliner({
    segmenter: () => this.#segmenter,
    spareMs: ({ takenMs }) => periodMsOf(this.#work) - (monotonicMs() - takenMs) - this.#waitingMs,
  });
  #secondLook: SecondLook;
  /** Of the network, for whole pictures. */
  #input: Size | undefined;
  #work: CameraWork;
  #change: CaptureChange = { state: 'starting', reason: '', attempts: 0 };
  #lastFrameAt = monotonicMs();
  #gapTimer: NodeJS.Timeout | undefined;
  /** Resolves when all that was reported is sent: each report waits for the one before and for its own snapshots. */
  #sent: Promise<void> = Promise.resolve();

  constructor(private readonly options: CameraOptions) {
    const { name, runId, settings, events, model, adjustment, input, detector, enqueue, hung, world } = options;
    const { keepPictures, clips, classifiers } = options;
    this.#work = { settings, events, keepPictures, clips, model, adjustment, input, classifiers };
    this.#analysis = new Analysis({ camera: name, runId, settings, events, model, outliner: this.#outliner }, detector);
    if (adjustment.minScore !== undefined) this.#analysis.minScore = adjustment.minScore;
    this.#capture = new Capture(
      { ...input, settings: { ...settings, fps: fpsOf(this.#work) }, snapshot: events.snapshot, clips },
      {
        changed: (change) => this.#changed(change),
        frame: (frame) => enqueue(() => this.#analyse(frame)),
        rewound: () => this.#endTracks('source-ended'),
        hung,
      },
      world,
    );
    this.#pictures = new Pictures(name, this.#capture);
    this.#secondLook = this.#lookAgain();
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    this.#capture.start();
  }

  /** Resolves when the source is closed and all that was observed is sent. */
  async stop(reason: EndReason): Promise<void> {
    const closed = this.#capture.stop(); // from here on no frame comes
    await this.options.dropJobs();
    await closed;
    clearTimeout(this.#gapTimer);
    this.#endLooking(reason);
    await this.#sent;
  }

  /** Whether that can be put in force while the source stays open. */
  canUse(work: CameraWork): boolean {
    return isDeepStrictEqual(ofSource(work), ofSource(this.#work));
  }

  /** From the next picture on; only what {@link canUse}. No job of this camera may run meanwhile. */
  use(next: CameraWork): void {
    const before = this.#work;
    if (isDeepStrictEqual(next, before)) return;
    this.#work = next;
    const { settings, events, model, adjustment, input } = next;
    const report = this.#analysis.use({ settings, events, model }, captureTimeNow());
    if (report !== undefined) this.#report(report, undefined);
    if (adjustment.minScore !== undefined) this.#analysis.minScore = adjustment.minScore;
    if (adjustment.detect === false && before.adjustment.detect !== false) this.#endTracks('detect-off');
    if (!isDeepStrictEqual(input, before.input)) this.#capture.setInput(input);
    this.#capture.setRate(fpsOf(this.#work));
    const asks = ({ settings: { states }, classifiers }: CameraWork) => [states, classifiers];
    if (isDeepStrictEqual(asks(next), asks(before))) return;
    this.#secondLook.end();
    this.#secondLook = this.#lookAgain();
  }

  /** Classifiers have other weights. */
  relearnt(): void {
    this.#secondLook.relearnt();
  }

  /** From the next picture on. */
  adjust(adjustment: CameraAdjustment): void {
    this.#work = { ...this.#work, adjustment: { ...this.#work.adjustment, ...adjustment } };
    const { detect, fps, minScore } = adjustment;
    if (detect === false) this.#endTracks('detect-off');
    if (fps !== undefined) this.#capture.setRate(fps);
    if (minScore !== undefined) this.#analysis.minScore = minScore;
  }

  /** Closes the source and opens it again, whatever state it is in. */
  restart(): void {
    this.#endTracks('camera-restart');
    this.#capture.restart();
  }

  /**
   * @param still a photograph, not a picture of the stream
   * @returns JPEG
   * @throws {SourceError}
   */
  async takePicture(still: boolean, part?: Box): Promise<Uint8Array> {
    const periodMs = 1000 / fpsOf(this.#work);
    if (part !== undefined) return (await this.#pictures.next(periodMs, partOptions, part)).jpeg;
    return still ? this.#pictures.photograph(periodMs) : (await this.#pictures.next(periodMs)).jpeg;
  }

  /**
   * The next picture that is looked at, with what was found in it.
   *
   * @param maxSize longest side of the JPEG, pixels
   * @throws {SourceError}
   */
  async show(maxSize: number): Promise<ShownPicture> {
    const { jpeg, about } = await this.#pictures.next(1000 / fpsOf(this.#work), { quality: shownQuality, maxSize });
    return { jpeg, frame: { ...about, ...(jpegSize(jpeg) ?? { width: 0, height: 0 }) } };
  }

  /** @throws {SourceError} ERR_SOURCE_NO_CLIP */
  async clip(path: string, fromMs: number, toMs: number): Promise<void> {
    await this.#capture.clip(path, fromMs, toMs);
  }

  /** @throws {SourceError} ERR_SOURCE_NO_PICTURE if none was looked at so far */
  explain(seconds: number, place: Point | undefined): Explanation {
    const explanation = this.#analysis.explain(seconds, captureTimeNow(), place);
    if (explanation !== undefined) return explanation;
    const what = `camera ${this.name} has given no picture so far (it is ${this.#change.state}). Try again when it is live.`;
    throw new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
  }

  clearBackground(): void {
    this.#analysis.clearBackground();
  }

  /** Is called at every heartbeat. */
  health(): CameraHealth {
    const { skipped, decodeErrors, snapshotErrors, clockJumps } = this.#capture.counters;
    const { stalls, reconnects, byCode } = this.#capture.losses;
    const { frames, still, waitP99Ms } = this.#statistics;
    const { fps, inferenceMs } = this.#statistics.rates(fpsOf(this.#work));
    return {
      state: this.#change.state,
      reason: this.#change.reason,
      fps: round(fps, fps < 1 ? 2 : 1),
      frames,
      still,
      skipped,
      decodeErrors,
      snapshotErrors,
      ...(this.#work.settings.segmenter !== undefined && { outlinesSkipped: this.#outliner.skipped }),
      stalls,
      reconnects,
      losses: byCode,
      clockJumps,
      tracks: this.#analysis.openTracks,
      background: this.#analysis.backgroundPlaces,
      inferenceMs: inferenceMs && round(inferenceMs, 2),
      input: this.#input ? [this.#input.width, this.#input.height] : null,
      waitP99Ms: waitP99Ms && round(waitP99Ms, 2),
    };
  }

  /** Where its objects stood since the last call. */
  takeFeet(): Feet {
    return this.#footprints.take();
  }

  /** How long its pictures took. */
  get stages(): StageDurations {
    return this.#statistics.stages;
  }

  get #segmenter(): Segmenter | undefined {
    const { segmenter } = this.#work.settings;
    return segmenter === undefined ? undefined : this.options.findSegmenter?.(segmenter);
  }

  /** What the network owes to the pictures that wait for it. */
  get #waitingMs(): number {
    const { waiting, detector } = this.options;
    return (waiting?.() ?? 0) * detector.inferenceMs;
  }

  async #analyse(frame: Frame): Promise<void> {
    this.#statistics.waited(monotonicMs() - frame.sentMs);
    if (!frame.isTile) this.#input = frame.tensor.input;
    this.#lastFrameAt = monotonicMs();
    this.#endGap();
    const isWanted = this.#work.adjustment.detect !== false && this.#capture.isCurrent(frame);
    const report = isWanted ? await this.#look(frame) : undefined;
    const tracks = report === undefined ? [] : this.#analysis.shown;
    this.#footprints.add(tracks, frame.monotonicMs);
    const shots = report?.shots ?? [];
    const requests = this.#pictures.takeRequests();
    const whole = this.#work.keepPictures && shots.length > 0 ? [keptPicture] : [];
    const looks = this.#secondLook.wanted(tracks, frame.still, frame);
    const wanted = [...requests, ...looks].map(({ cut }) => cut);
    const cuts = [...shots.map(({ box }) => ({ box })), ...wanted, ...whole];
    const jpegs = frame.release(cuts, report !== undefined && this.#analysis.settled);
    if (requests.length > 0) {
      const about = this.#aboutOf(frame, report, tracks);
      for (const [i, { answer }] of requests.entries())
        answer(
          jpegs.then((all) => all[shots.length + i]),
          about,
        );
    }
    if (looks.length > 0) {
      void jpegs.then((all) => {
        const bytes = all.slice(shots.length + requests.length);
        for (const [i, { see }] of looks.entries()) if (bytes[i] !== undefined) see(new Uint8Array(bytes[i]));
      });
    }
    if (report !== undefined) this.#report(report, jpegs, whole.length > 0);
  }

  #lookAgain(): SecondLook {
    const { settings, classifiers = {} } = this.#work;
    return new SecondLook({
      states: settings.states,
      classifiers,
      find: this.options.findClassifier ?? (() => undefined),
      enqueue: this.options.enqueue,
      attribute: (track, name, attribute) => this.#analysis.describe(track, name, attribute),
      camera: this.name,
      runId: this.options.runId,
      send: this.options.send,
    });
  }

  #aboutOf(frame: Frame, report: SceneReport | undefined, tracks: About['tracks']): About {
    const { utcMs, monotonicMs: capturedMs, takenMs, still, picture, tensor } = frame;
    return {
      camera: this.name,
      capturedAt: new Date(utcMs).toISOString(),
      capturedMonotonicMs: round(capturedMs, 1),
      picture: [picture.width, picture.height],
      input: [tensor.input.width, tensor.input.height],
      still,
      detect: this.#work.adjustment.detect !== false,
      latencyMs: report === undefined ? null : round(monotonicMs() - takenMs, 1),
      tracks,
      observations: report?.observations ?? [],
    };
  }

  async #look(frame: Frame): Promise<SceneReport | undefined> {
    const { detector } = this.options;
    const startedMs = monotonicMs();
    const analysed = await this.#analysis.look(frame);
    if (analysed === undefined) return undefined;
    const { detections, report } = analysed;
    const inferenceMs = detections && detector.inferenceMs;
    this.#statistics.analysed(inferenceMs);
    this.#statistics.passed(frame, startedMs, inferenceMs);
    if (detections !== undefined && this.#work.events.detections) {
      this.options.send(detectionsOf(this.name, frame, detections, detector.inferenceMs));
    }
    return report;
  }

  /** Sends it after the reports before it, each snapshot before the events that speak of it. */
  #report(
    { observations, shots, state }: SceneReport,
    pictures: Promise<Uint8Array[]> | undefined,
    withWhole = false,
  ): void {
    if (observations.length === 0 && shots.length === 0 && state === undefined) return;
    const { name: camera, send } = this.options;
    this.#sent = this.#sent.then(async () => {
      const jpegs = shots.length > 0 ? await pictures : [];
      const picture = withWhole ? jpegs?.at(-1) : undefined;
      for (const [i, { track, class: name, box }] of shots.entries()) {
        const jpeg = jpegs?.[i];
        const snapshot = { camera, track, class: name, box, ...(picture && { picture }) };
        if (jpeg !== undefined) send({ kind: 'snapshot', snapshot: { ...snapshot, jpeg } });
      }
      for (const observation of observations) send({ kind: 'observation', observation });
      if (state !== undefined) send({ kind: 'state', state });
    });
  }

  #changed(change: CaptureChange): void {
    this.#change = change;
    if (change.state === 'ended') this.#endLooking('source-ended');
    else if (change.state !== 'live') this.#beginGap();
    const { error, ...rest } = change;
    this.options.send({ kind: 'capture', camera: this.name, ...rest, ...(error && { error: error.serialise() }) });
  }

  /** Tracks are kept for a while: a stream that is back at once shows what it showed. */
  #beginGap(): void {
    const goneMs = monotonicMs() - this.#lastFrameAt;
    this.#gapTimer ??= setTimeout(() => this.#endLooking('camera-lost'), Math.max(0, keepTracksMs - goneMs));
  }

  /** Live is what gives pictures: one that was still on its way when the camera was lost only puts the end off. */
  #endGap(): void {
    clearTimeout(this.#gapTimer);
    this.#gapTimer = undefined;
    if (this.#capture.state !== 'live') this.#beginGap();
  }

  #endTracks(reason: EndReason): void {
    const report = this.#analysis.end(reason, captureTimeNow());
    if (report !== undefined) this.#report(report, undefined);
  }

  /** The same where no picture follows, as one does when a looped file starts over. */
  #endLooking(reason: EndReason): void {
    this.#endTracks(reason);
    if (noPictures.has(reason)) this.#secondLook.lost(captureTimeNow());
  }
}
