import type { ChildProcess } from 'node:child_process';
import { EngineError, MinspnetError } from '../contract/errors.js';
import type { Explanation } from '../contract/explanation.js';
import type {
  CameraAdjustment,
  EngineFacts,
  EngineSettings,
  FromEngine,
  ShownPicture,
  TakenPicture,
  ToEngine,
} from '../engine/protocol.js';
import { captureTimeNow } from '../timing/monotonic.js';
import { startEngine, tell } from './engine-process.js';
import { OpenTracks } from './open-tracks.js';
import type { Part } from './parts.js';
import { isSound } from './probe.js';
import { type Answer, Questions } from './questions.js';
import { Suspects } from './suspects.js';

type NotForListener =
  | 'clip-made'
  | 'ready'
  | 'stopped'
  | 'failed'
  | 'picture'
  | 'shown'
  | 'explanation'
  | 'no-answer'
  | 'building';

/** What an engine says in the course of its work, and what the host adds when one is lost. */
export interface EngineListener {
  ready(facts: EngineFacts, restarts: number): void;
  message(message: Exclude<FromEngine, { kind: NotForListener }>): void;
  /** Engines die of that camera's pictures, the last one so; it is tried again, alone, after `retryMs`. */
  setAside(camera: string, how: string, retryMs: number): void;
  /** The engine is gone and will be replaced; its open tracks have been ended by `message`. */
  lost(reason: string): void;
  /** No engine will run: the model is bad, or engines die again and again at their start. */
  gaveUp(error: MinspnetError): void;
}

export interface EngineHostOptions {
  settings: Omit<EngineSettings, 'runId'>;
  listener: EngineListener;
  /** The engine's program; another one only in tests. */
  program?: string;
  /** How long an engine may take until it is ready, milliseconds. */
  startTimeoutMs?: number;
  /** An engine that says nothing for so long hangs, milliseconds. */
  silenceMs?: number;
  /** How often a camera that engines die of is tried again, milliseconds. */
  probeMs?: number;
}

/** TensorRT builds an engine in that time, even on a small board; milliseconds. */
const buildMs = 600_000;
/** An engine that is stopped may take so long to end its tracks, milliseconds. */
const stopMs = 700;
/** An engine that is replaced may take so long to end its tracks, milliseconds. */
const replaceMs = 1000;

/** A process that was killed is gone within this time, milliseconds; one that is not hangs in the kernel. */
const graceMs = 10_000;

/** An engine that dies before it is ready this often in a row is given up. */
const maxFailedStarts = 5;

/** A camera that engines die of is tried again so often, milliseconds. */
const usualProbeMs = 600_000;

/** Keeps one engine process running: starts it, listens whether it lives, replaces it when it doesn't. */
export class EngineHost implements Part {
  readonly name = 'engine';
  restarts = 0;
  state: 'stopped' | 'starting' | 'ready' | 'restarting' = 'stopped';
  #child: ChildProcess | undefined;
  #failedStarts = 0;
  readonly #suspects = new Suspects();
  /** Pictures of each camera that the present engine has analysed. */
  #frames: Record<string, number> = {};
  #readyAt = Number.POSITIVE_INFINITY;
  #probeTimer: NodeJS.Timeout | undefined;
  readonly #probing = new AbortController();
  /** By then the engine has said something, or has been ended or replaced; on the clock of `performance.now()`. */
  #dueMs = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #isBuilding = false;
  #stopping = false;
  /** The engine is taken down on purpose and replaced: its end is no news. */
  #replacing = false;
  /** Whoever waits for the first word of an engine that replaces another one. */
  #trial: { resolve: (facts: EngineFacts) => void; reject: (error: MinspnetError) => void } | undefined;
  /** Those who wait for the engine's end. */
  #onGone: (() => void)[] = [];
  readonly #openTracks = new OpenTracks();
  #settings: EngineHostOptions['settings'];
  /** What runs again where an engine that replaces another one does not become ready. */
  #before: EngineHostOptions['settings'] | undefined;
  readonly #questions = new Questions((question) => this.#send(question));

  constructor(private readonly options: EngineHostOptions) {
    this.#settings = options.settings;
  }

  start(): void {
    clearTimeout(this.#restartTimer);
    this.state = this.restarts === 0 ? 'starting' : 'restarting';
    const { cameras } = this.#settings;
    const running = Object.entries(cameras).filter(([camera]) => !this.#suspects.setAside.has(camera));
    const settings = { ...this.#settings, cameras: Object.fromEntries(running) };
    this.#frames = Object.fromEntries(running.map(([camera]) => [camera, 0]));
    let child: ChildProcess;
    try {
      child = startEngine(settings, (child, how) => this.#ended(child, how), this.options.program);
    } catch (error) {
      this.#gone((error as Error).message);
      return;
    }
    this.#child = child;
    child.on('message', (message: FromEngine) => this.#receive(message));
    this.#isBuilding = false;
    this.#watch(this.options.startTimeoutMs ?? (mayBuild(this.#settings.runtime) ? buildMs : 20_000));
  }

  /** Lets the engine end its tracks; by force when that takes longer than `timeoutMs`. */
  async stop(timeoutMs = stopMs): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#probeTimer);
    this.#probing.abort();
    if (this.#child !== undefined) await this.#takeDown(this.#child, 'stopping', timeoutMs);
    this.state = 'stopped';
  }

  /**
   * Another engine with other settings in place of this one, whose tracks end with `engine-restart`. Where the new one
   * does not become ready, the old settings run again. One call at a time.
   *
   * @returns what the new engine runs as
   * @throws {MinspnetError} why the new engine does not run
   */
  async replace(settings: EngineHostOptions['settings']): Promise<EngineFacts> {
    this.#mustGoOn();
    this.#before = this.#settings;
    this.#settings = settings;
    this.#replacing = true;
    try {
      if (this.#child !== undefined) await this.#takeDown(this.#child, 'engine-restart', replaceMs);
      this.#mustGoOn();
      const ready = new Promise<EngineFacts>((resolve, reject) => {
        this.#trial = { resolve, reject };
      });
      this.start();
      return await ready;
    } catch (error) {
      if (this.#child !== undefined) await this.#takeDown(this.#child, 'engine-restart', 0);
      this.#settings = this.#before;
      if (!this.#stopping) this.start();
      throw error;
    } finally {
      this.#before = undefined;
      this.#trial = undefined;
      this.#replacing = false;
    }
  }

  /** Changes a camera while it runs; an engine that is started later begins with it. */
  adjust(camera: string, adjustment: CameraAdjustment): void {
    this.#settings = adjusted(this.#settings, camera, adjustment);
    if (this.#before !== undefined) this.#before = adjusted(this.#before, camera, adjustment);
    this.#send({ kind: 'adjust', camera, adjustment });
  }

  restartCamera(camera: string): void {
    this.#send({ kind: 'restart-camera', camera });
  }

  /**
   * The camera's next picture as JPEG, or a still of it.
   *
   * @throws {SourceError} where it gives none; `ERR_SOURCE_…`
   */
  async takePicture(camera: string, still = false): Promise<TakenPicture> {
    return await this.#ask<TakenPicture>(camera, (id) => ({ kind: 'take-picture', camera, id, still }));
  }

  /**
   * What a camera saw in the last seconds, and why it was told or not.
   *
   * @throws {SourceError} if it has given no picture so far; `ERR_SOURCE_…`
   */
  async explain(camera: string, seconds: number): Promise<Explanation> {
    return await this.#ask<Explanation>(camera, (id) => ({ kind: 'explain', camera, id, seconds }));
  }

  /**
   * The next picture of a camera that is looked at, with what was found in it.
   *
   * @param maxSize longest side of the JPEG, pixels
   * @throws {SourceError} where it gives none; `ERR_SOURCE_…`
   */
  async show(camera: string, maxSize: number): Promise<ShownPicture> {
    return await this.#ask<ShownPicture>(camera, (id) => ({ kind: 'show', camera, id, maxSize }));
  }

  /**
   * Writes a camera's video between two moments on the monotonic clock as MP4.
   *
   * @throws {SourceError} where there is none; `ERR_SOURCE_…`
   */
  async makeClip(camera: string, path: string, fromMs: number, toMs: number): Promise<void> {
    await this.#ask<{ kind: 'clip-made' }>(camera, (id) => ({ kind: 'make-clip', camera, id, path, fromMs, toMs }));
  }

  clearBackground(camera: string): void {
    this.#send({ kind: 'clear-background', camera });
  }

  #ask<Wanted extends Answer>(camera: string, question: (id: number) => ToEngine): Promise<Wanted> {
    const isRunning = this.state === 'ready' && !this.#suspects.setAside.has(camera);
    return this.#questions.ask<Wanted>(isRunning, question);
  }

  /** Resolves when the engine is gone and its tracks have ended; by force after `timeoutMs`. */
  async #takeDown(child: ChildProcess, reason: 'stopping' | 'engine-restart', timeoutMs: number): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#onGone.push(resolve));
    this.#send({ kind: 'stop', reason });
    const impatient = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await gone;
    clearTimeout(impatient);
    this.#endOpenTracks(reason); // none are left of an engine that ended by itself
  }

  #mustGoOn(): void {
    if (!this.#stopping) return;
    throw new EngineError('ERR_ENGINE_STOPPED', 'engine', 'the daemon stops, so no other engine is started.');
  }

  /** False when the engine says nothing, and what should have followed from that has not happened either. */
  get isWell(): boolean {
    return this.state !== 'stopped' && performance.now() < this.#dueMs + graceMs;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #send(message: ToEngine): void {
    tell(this.#child, message);
  }

  #receive(message: FromEngine): void {
    if (message.kind === 'building') this.#isBuilding = !message.over;
    if (this.state === 'ready') this.#watch(this.#isBuilding ? buildMs : (this.options.silenceMs ?? 5000));
    switch (message.kind) {
      case 'ready':
        this.state = 'ready';
        this.#readyAt = performance.now();
        this.#failedStarts = 0;
        this.#trial?.resolve(message.facts);
        this.options.listener.ready(message.facts, this.restarts);
        break;
      case 'failed':
        this.#failed(MinspnetError.revive(message.error));
        break;
      case 'stopped':
      case 'building':
        break;
      case 'picture':
      case 'shown':
      case 'clip-made':
      case 'explanation':
      case 'no-answer':
        this.#questions.answered(message);
        break;
      case 'observation':
        this.#openTracks.follow(message.observation);
        this.options.listener.message(message);
        break;
      case 'state':
        this.#openTracks.count(message.state);
        this.options.listener.message(message);
        break;
      case 'heartbeat':
        for (const [camera, { frames }] of Object.entries(message.cameras)) this.#frames[camera] = frames;
        this.options.listener.message(message);
        break;
      default:
        this.options.listener.message(message);
    }
  }

  #watch(silenceMs: number): void {
    clearTimeout(this.#watchdog);
    this.#dueMs = performance.now() + silenceMs;
    this.#watchdog = setTimeout(() => this.#child?.kill('SIGKILL'), silenceMs);
  }

  /** A bad model stays bad: no use in another engine. Everything else may be better next time. */
  #failed(error: MinspnetError): void {
    if (this.#trial !== undefined) {
      this.#trial.reject(error);
    } else if (error.exit === 'model' || error.exit === 'config' || error.exit === 'usage') {
      this.#stopping = true;
      this.options.listener.gaveUp(error);
    } else {
      this.options.listener.lost(error.message);
    }
    this.#child?.kill('SIGKILL');
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    clearTimeout(this.#watchdog);
    this.#child = undefined;
    this.#gone(how);
  }

  #gone(how: string): void {
    for (const tell of this.#onGone.splice(0)) tell();
    this.#questions.abandon();
    this.#trial?.reject(new EngineError('ERR_ENGINE_START', 'engine', `the new engine ended with ${how} at its start`));
    if (this.#stopping || this.#replacing) return;
    this.#endOpenTracks('engine-restart');
    if (this.state !== 'ready') this.#failedStarts += 1;
    if (this.#failedStarts >= maxFailedStarts) {
      const what = `the engine died ${maxFailedStarts} times before it was ready (last: ${how}).`;
      this.options.listener.gaveUp(new EngineError('ERR_ENGINE_START', 'engine', `${what} Run minspnet doctor.`));
      return;
    }
    this.options.listener.lost(`the engine ended with ${how}`);
    this.restarts += 1;
    const wasReady = this.state === 'ready';
    this.state = 'restarting';
    const delayMs = wasReady ? this.#suspect(how) : 200 * 2 ** this.#failedStarts;
    this.#dueMs = performance.now() + delayMs;
    this.#restartTimer = setTimeout(() => this.start(), delayMs);
  }

  /** @returns after how long the next engine is started, milliseconds */
  #suspect(how: string): number {
    const before = new Set(this.#suspects.setAside);
    const delayMs = this.#suspects.died({ livedMs: performance.now() - this.#readyAt, frames: this.#frames });
    for (const camera of this.#suspects.setAside) {
      if (!before.has(camera)) this.options.listener.setAside(camera, how, this.#probeMs);
    }
    const added = this.#suspects.setAside.size - before.size;
    if (added > 0) this.#probeLater(added > 1 ? 0 : this.#probeMs); // of several at once only some are to blame
    return delayMs;
  }

  get #probeMs(): number {
    return this.options.probeMs ?? usualProbeMs;
  }

  #probeLater(delayMs = this.#probeMs): void {
    clearTimeout(this.#probeTimer);
    if (this.#stopping || this.#suspects.setAside.size === 0) return;
    this.#probeTimer = setTimeout(() => void this.#probeAll(), delayMs);
  }

  /** Whoever is sound comes back, with another engine for all. */
  async #probeAll(): Promise<void> {
    const sound: string[] = [];
    for (const camera of this.#suspects.setAside) {
      if (await isSound(camera, this.#settings, this.#probing.signal, this.options.program)) sound.push(camera);
    }
    for (const camera of sound) this.#suspects.release(camera);
    if (sound.length > 0 && !this.#replacing && !this.#stopping) await this.replace(this.#settings).catch(() => {});
    this.#probeLater();
  }

  #endOpenTracks(reason: 'engine-restart' | 'stopping'): void {
    const { listener } = this.options;
    const now = captureTimeNow();
    for (const observation of this.#openTracks.end(reason, now)) listener.message({ kind: 'observation', observation });
    for (const state of this.#openTracks.empty(now)) listener.message({ kind: 'state', state });
  }
}

/** Whether TensorRT may build an engine when the network is loaded. */
function mayBuild({ provider, library }: EngineSettings['runtime']): boolean {
  return provider === 'tensorrt' || (provider === 'auto' && library !== undefined);
}

function adjusted(
  settings: EngineHostOptions['settings'],
  camera: string,
  adjustment: CameraAdjustment,
): EngineHostOptions['settings'] {
  const adjustments = { ...settings.adjustments };
  adjustments[camera] = { ...adjustments[camera], ...adjustment };
  return { ...settings, adjustments };
}
