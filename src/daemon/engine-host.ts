import type { ChildProcess } from 'node:child_process';
import { freemem } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { EngineError, MinspnetError } from '../contract/errors.js';
import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type {
  CameraAdjustment,
  EngineFacts,
  FromEngine,
  SecondaryModels,
  ShownPicture,
  TakenPicture,
  ToEngine,
} from '../engine/protocol.js';
import { captureTimeNow } from '../timing/monotonic.js';
import type { EngineHostOptions } from './engine-listener.js';
import { adjusted, camerasFor, mayBuild, startEngine, tell } from './engine-process.js';
import { tryModel } from './model-trial.js';
import { OpenTracks } from './open-tracks.js';
import type { Part } from './parts.js';
import { type Answer, Questions } from './questions.js';
import { SetAside } from './set-aside.js';

/** Loading and measuring a network takes a second; on a slow board that is busy, dozens. Milliseconds. */
const loadMs = 60_000;
/** TensorRT builds an engine in that time, even on a small board; milliseconds. */
const buildMs = 600_000;
/** An engine that is stopped may take so long to end its tracks, milliseconds. */
const stopMs = 700;
/** An engine that is replaced may take so long to end its tracks, milliseconds. */
const replaceMs = 1000;
/** A process that was killed is gone within this time, ms; one that is not hangs in the kernel. */
const graceMs = 10_000;
/** A second network is loaded beside the first where so many times the engine's memory is free. */
const roomFactor = 1.25;
/** An engine that dies before it is ready this often in a row is given up. */
const maxFailedStarts = 5;

/** Keeps one engine process running: starts it, listens whether it lives, replaces it when it doesn't. */
export class EngineHost implements Part {
  readonly name = 'engine';
  restarts = 0;
  state: 'stopped' | 'starting' | 'ready' | 'restarting' = 'stopped';
  #child: ChildProcess | undefined;
  #failedStarts = 0;
  readonly #aside: SetAside;
  /** Pictures of each camera that the present engine has analysed. */
  #frames: Record<string, number> = {};
  #readyAt = Number.POSITIVE_INFINITY;
  readonly #trying = new AbortController();
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
  /** So many cameras the present engine has threads for. */
  #mostCameras = 0;
  /** Of the present engine. */
  #facts: EngineFacts | undefined;
  #rssBytes = 0;

  constructor(private readonly options: EngineHostOptions) {
    this.#settings = options.settings;
    this.#aside = new SetAside({
      ...options,
      settings: () => this.#settings,
      released: async () => {
        if (this.#child !== undefined && !this.#replacing) await this.#configure();
      },
    });
  }

  start(): void {
    clearTimeout(this.#restartTimer);
    this.state = this.restarts === 0 ? 'starting' : 'restarting';
    const settings = this.#running;
    const cameras = Object.keys(settings.cameras);
    this.#mostCameras = camerasFor(cameras.length);
    this.#frames = Object.fromEntries(cameras.map((camera) => [camera, 0]));
    let child: ChildProcess;
    try {
      const { program, early } = this.options;
      child = startEngine(settings, (child, how) => this.#ended(child, how), program, early);
    } catch (error) {
      this.#gone((error as Error).message);
      return;
    }
    this.#child = child;
    child.on('message', (message: FromEngine) => this.#receive(message));
    this.#isBuilding = false;
    this.#watch(this.#startMs(this.#settings));
  }

  /** The settings without the cameras that are set aside. */
  get #running(): EngineHostOptions['settings'] {
    const running = Object.entries(this.#settings.cameras).filter(([camera]) => !this.#aside.cameras.has(camera));
    return { ...this.#settings, cameras: Object.fromEntries(running) };
  }

  #startMs({ runtime }: EngineHostOptions['settings']): number {
    return this.options.startTimeoutMs ?? (mayBuild(runtime) ? buildMs : loadMs);
  }

  /** Lets the engine end its tracks; by force when that takes longer than `timeoutMs`. */
  async stop(timeoutMs = stopMs): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#restartTimer);
    this.#aside.stop();
    this.#trying.abort();
    if (this.#child !== undefined) await this.#takeDown(this.#child, 'stopping', timeoutMs);
    this.state = 'stopped';
  }

  /**
   * Puts other settings in force: in the engine that runs, where it can take them, else by another engine in its place. A
   * model is tried in an engine of its own before. Where they can't be used all is as before. One call at a time.
   *
   * @returns what runs then
   * @throws {MinspnetError} why they can't be used
   */
  async apply(settings: EngineHostOptions['settings']): Promise<EngineFacts | undefined> {
    const before = this.#settings;
    const child = this.#child;
    const isOther = !isDeepStrictEqual([settings.model, settings.runtime], [before.model, before.runtime]);
    if (this.state !== 'ready' || !this.#canConfigure(settings, isOther)) return await this.replace(settings);
    const { program } = this.options;
    if (isOther) await tryModel(settings, this.#startMs(settings), this.#trying.signal, program);
    this.#aside.releaseChanged(settings.cameras);
    this.#settings = settings;
    try {
      const facts = await this.#configure();
      const isNews = isOther || !isDeepStrictEqual(facts.input, this.#facts?.input);
      this.#facts = facts;
      if (isNews) this.options.listener.ready(facts, this.restarts);
      return facts;
    } catch (error) {
      // One that died meanwhile: the next begins with them, unless it may be the model that it died of.
      if (this.#child !== child && !isOther) return undefined;
      this.#settings = before;
      throw error;
    }
  }

  async #configure(): Promise<EngineFacts> {
    const question = (id: number): ToEngine => ({ kind: 'configure', id, settings: this.#running });
    return await this.#questions.ask<EngineFacts>(true, question, this.#startMs(this.#settings));
  }

  /** Whether the engine that runs can take these settings. */
  #canConfigure({ runtime, cacheDirectory, cameras }: EngineHostOptions['settings'], isOther: boolean): boolean {
    const { runtime: now, cacheDirectory: cache } = this.#settings;
    const isFixed = runtime.library !== now.library || runtime.provider !== now.provider || cacheDirectory !== cache;
    if (isFixed || Object.keys(cameras).length > this.#mostCameras) return false;
    if (!isOther) return true;
    // A second network beside the first: TensorRT would build for minutes, and a small board may not have the memory.
    const free = (this.options.freeBytes ?? freemem)();
    return this.#facts?.provider.active !== 'tensorrt' && free > roomFactor * this.#rssBytes;
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

  /** Other models besides the detector; an engine that is started later begins with them. */
  useSecondary(secondaryModels: SecondaryModels): void {
    this.#settings = { ...this.#settings, secondaryModels };
    if (this.#before !== undefined) this.#before = { ...this.#before, secondaryModels };
    this.#send({ kind: 'secondary-models', models: secondaryModels });
  }

  restartCamera(camera: string): void {
    this.#send({ kind: 'restart-camera', camera });
  }

  /**
   * The camera's next picture as JPEG, or a still of it.
   *
   * @throws {SourceError} where it gives none; `ERR_SOURCE_…`
   */
  async takePicture(camera: string, still = false, part?: Box): Promise<TakenPicture> {
    const what = { camera, still, ...(part && { part }) };
    return await this.#ask<TakenPicture>(camera, (id) => ({ kind: 'take-picture', id, ...what }));
  }

  /**
   * What a camera saw in the last seconds, and why it was told or not.
   *
   * @param place what was seen there alone, as fractions of the picture
   * @throws {SourceError} if it has given no picture so far; `ERR_SOURCE_…`
   */
  async explain(camera: string, seconds: number, place?: Point): Promise<Explanation> {
    return await this.#ask<Explanation>(camera, (id) => ({ kind: 'explain', camera, id, seconds, place }));
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
    const isRunning = this.state === 'ready' && !this.#aside.cameras.has(camera);
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
        this.#facts = message.facts;
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
      case 'configured':
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
        this.#rssBytes = message.rssBytes;
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
    this.#gone(how, child.signalCode);
  }

  #gone(how: string, signal: NodeJS.Signals | null = null): void {
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
    const engine = { livedMs: performance.now() - this.#readyAt, frames: this.#frames, signal };
    const delayMs = wasReady ? this.#aside.died(engine, how) : 200 * 2 ** this.#failedStarts;
    this.#dueMs = performance.now() + delayMs;
    this.#restartTimer = setTimeout(() => this.start(), delayMs);
  }

  #endOpenTracks(reason: 'engine-restart' | 'stopping'): void {
    const { listener } = this.options;
    const now = captureTimeNow();
    for (const observation of this.#openTracks.end(reason, now)) listener.message({ kind: 'observation', observation });
    for (const state of this.#openTracks.empty(now)) listener.message({ kind: 'state', state });
  }
}
