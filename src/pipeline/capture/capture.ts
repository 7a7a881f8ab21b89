import { Worker } from 'node:worker_threads';
import { EngineError, type SerialisedError, SourceError } from '../../contract/errors.js';
import type { CaptureState } from '../../contract/status.js';
import { backoff } from '../../timing/backoff.js';
import { monotonicMs } from '../../timing/monotonic.js';
import type { Size } from './input-size.js';
import {
  type CaptureCounters,
  type CapturedFrame,
  type CaptureWorkerData,
  type FromCaptureWorker,
  noCounters,
  sumOf,
  type ToCaptureWorker,
} from './messages.js';
import type { PictureSource, SourceFacts } from './picture-source.js';
import type { Cut } from './snapshot.js';
import { parseSource, type Source } from './source.js';

export type { CaptureCounters, CapturedFrame, PictureSource };

/** A change of a capture's state, and why. */
export interface CaptureChange {
  state: CaptureState;
  reason: string;
  /** What broke, where something did. */
  error?: SourceError;
  /** Attempts in a row that gave no picture, or not for long; 0 when it is live. */
  attempts: number;
  /** When reconnecting: until the next attempt, milliseconds. */
  retryMs?: number;
}

/** What a capture tells its owner; each is called on the owner's thread. */
export interface CaptureListener {
  /** Before the first `frame` of each attempt. */
  opened(facts: SourceFacts, input: Size): void;
  changed(change: CaptureChange): void;
  /** The owner must `release` every frame that it is given. */
  frame(frame: CapturedFrame): void;
  /** The JPEGs of a `release` that named cuts; empty when the picture is gone. */
  snapshots(frameNumber: number, jpegs: Uint8Array[]): void;
  rewound(): void;
  /** The capture can't be helped from within this process: a call that can't be interrupted doesn't return. */
  hung(error: EngineError): void;
}

/** How often a capture has left `live`, and why. */
export interface CaptureLosses {
  /** Times that it stalled. */
  stalls: number;
  /** Times that it came back to `live` after it was lost. */
  reconnects: number;
  /** Failed attempts and broken connections by the code of their error. */
  byCode: Record<string, number>;
}

/** What a capture needs of a `Worker`. */
export interface CaptureWorker {
  on(event: 'message', listener: (message: FromCaptureWorker) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'exit', listener: () => void): unknown;
  postMessage(message: ToCaptureWorker, transfer: ArrayBuffer[]): void;
  unref(): void;
}

/** What it takes from the world around it; another one in tests. */
export interface CaptureWorld {
  startThread(data: CaptureWorkerData): CaptureWorker;
  /** As `Math.random`. */
  random(): number;
  /** A monotonic clock that all threads share, milliseconds. */
  now(): number;
}

/** Each wait is so many times the one before, and half of it is left to chance: see backoff(). */
const retryGrowth = 1.5;
const retryJitter = 0.5;
/** No further attempt is begun while so many can't be ended. */
const maxUnclosed = 3;
const hangLookMs = 1000;
/** From a restart that was asked for to the new attempt, milliseconds. */
const restartMs = 250;
/** How long the source may take to be closed before it is lent, milliseconds. */
const lendMs = 5000;

/**
 * One camera, and the state machine around it:
 *
 *   starting -> live -> stalled -> reconnecting -> live
 *
 * A live source is opened again for ever; a file once. The thread (see capture-thread.ts) stays, its attempts come and
 * go, each with a generation: what an old one still says is not listened to.
 */
export class Capture {
  readonly losses: CaptureLosses = { stalls: 0, reconnects: 0, byCode: {} };
  readonly source: Source;
  /** Pictures analysed a second, at most. */
  #fps: number;
  #worker: CaptureWorker | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** What each thread that has not ended says that it has counted, and what those that have counted in all. */
  readonly #counted = new Map<CaptureWorker, CaptureCounters>();
  #countedBefore = noCounters();
  #state: CaptureState = 'starting';
  #generation = 0;
  /** The newest attempt was begun and not told to end. */
  #isOpen = false;
  #attempts = 0;
  #liveSince: number | undefined;
  #waits: Generator<number, never>;
  #waitedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** An attempt is due, but too many old ones hang. */
  #isWaiting = false;
  /** Attempts that were told to end and have not yet, with when they were told. */
  readonly #unclosed = new Map<number, number>();
  /** Those who wait for an attempt to be closed. */
  readonly #onClosed = new Map<number, () => void>();
  /** Ends what somebody else does with the source. */
  #lent: AbortController | undefined;
  #aliveAt = 0;
  #hangTimer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #stopping = false;

  constructor(
    private readonly data: CaptureWorkerData,
    private readonly listener: CaptureListener,
    private readonly world: CaptureWorld = { startThread, random: Math.random, now: monotonicMs },
  ) {
    this.source = parseSource(data.settings.source, data.settings);
    this.#fps = data.settings.fps;
    this.#waits = this.#newWaits();
  }

  /** Of all its threads together. */
  get counters(): CaptureCounters {
    return [...this.#counted.values()].reduce(sumOf, this.#countedBefore);
  }

  /** Of the newest attempt. */
  get generation(): number {
    return this.#generation;
  }

  get state(): CaptureState {
    return this.#state;
  }

  start(): void {
    this.#change({ state: 'starting', reason: 'the source is being opened' });
    this.#lookedAt = this.world.now();
    if (this.source.live) this.#hangTimer = setInterval(() => this.#lookForHang(), hangLookMs);
    this.#attempt();
  }

  /**
   * Gives a frame's buffer back. `cuts` are made of its picture; `settled` allows the next frames to be still.
   */
  release(frame: CapturedFrame, cuts: Cut[] = [], settled = false): void {
    const { number, buffer } = frame;
    this.#send({ kind: 'release', number, buffer, cuts, settled }, [buffer]);
  }

  /** From now on so many pictures a second, at most. */
  setRate(fps: number): void {
    this.#fps = fps;
    this.#send({ kind: 'rate', fps });
  }

  /**
   * Closes the source, which must be live, so that somebody else can use it, and opens it again afterwards. A restart or
   * the end aborts what it is used for.
   *
   * @throws {SourceError} ERR_SOURCE_BUSY where it can't be closed
   */
  async lend<T>(reason: string, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const lent = new AbortController();
    this.#lent = lent;
    clearTimeout(this.#timer);
    const closing = this.#generation;
    this.#close();
    const generation = this.#generation;
    this.#change({ state: 'starting', reason });
    try {
      await this.#untilClosed(closing);
      return await use(lent.signal);
    } finally {
      // Else somebody has restarted, lost or ended it meanwhile.
      if (this.#generation === generation && !this.#stopping) this.#retry();
    }
  }

  /** Closes the source, in whatever state it is, and opens it again. */
  restart(): void {
    this.#lent?.abort();
    clearTimeout(this.#timer);
    this.#close();
    this.#waits = this.#newWaits();
    this.#attempts = 0;
    this.#timer = setTimeout(() => this.#retry(), restartMs); // a device that is still held can't be opened again
    this.#change({ state: 'starting', reason: 'a restart was asked for' });
  }

  /**
   * Ends the thread. One that hangs is left behind after `timeoutMs`: to terminate it within a call of FFmpeg would
   * abort the process.
   */
  async stop(timeoutMs = 1000): Promise<void> {
    this.#stopping = true;
    this.#lent?.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#hangTimer);
    this.#send({ kind: 'stop' });
    let impatient: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      impatient = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#exited, late]);
    clearTimeout(impatient);
    this.#worker?.unref();
    this.#worker = undefined;
  }

  #attempt(): void {
    this.#generation += 1;
    const generation = this.#generation;
    this.#worker ??= this.#startWorker();
    this.#send({ kind: 'open', generation });
    this.#isOpen = true;
    if (!this.source.live) return;
    const { openSeconds } = this.data.settings.recovery;
    this.#timer = setTimeout(() => {
      const what = `gave no picture within ${openSeconds} s of being opened. Check the address and that the camera is on.`;
      this.#lose(new SourceError('ERR_SOURCE_TIMEOUT', 'source', what));
    }, openSeconds * 1000);
  }

  #startWorker(): CaptureWorker {
    const worker = this.world.startThread({ ...this.data, settings: { ...this.data.settings, fps: this.#fps } });
    let crash: SourceError | undefined;
    this.#aliveAt = this.world.now();
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#countedBefore = sumOf(this.#countedBefore, this.#counted.get(worker) ?? noCounters());
        this.#counted.delete(worker);
        this.#workerEnded(worker, crash);
        resolve();
      });
    });
    worker.on('message', (message: FromCaptureWorker) => {
      if ('counters' in message) this.#counted.set(worker, message.counters);
      this.#receive(message);
    });
    worker.on('error', (cause: Error) => {
      crash = new SourceError('ERR_SOURCE_THREAD', 'internal', `capture thread: ${cause.message}`, { cause });
    });
    return worker;
  }

  #workerEnded(worker: CaptureWorker, crash: SourceError | undefined): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#isOpen = false;
    for (const generation of [...this.#unclosed.keys()]) this.#closed(generation); // they went with it
    if (this.#stopping || this.#state === 'ended') return;
    const error = crash ?? new SourceError('ERR_SOURCE_THREAD', 'internal', 'the capture thread has ended.');
    if (this.#state !== 'reconnecting' || crash) this.#over(error);
  }

  #receive(message: FromCaptureWorker): void {
    this.#aliveAt = this.world.now();
    if (message.kind === 'alive') return;
    if (message.kind === 'closed') this.#closed(message.generation);
    else if (message.kind === 'snapshots') this.listener.snapshots(message.number, message.jpegs);
    else if (message.kind === 'frame') {
      if (message.frame.generation === this.#generation && !this.#stopping) this.listener.frame(message.frame);
      else this.release(message.frame);
    } else if (message.generation === this.#generation && !this.#stopping) this.#hear(message);
  }

  /** Of the newest attempt. */
  #hear(
    message: Extract<FromCaptureWorker, { kind: 'opened' | 'rewound' | 'stalled' | 'resumed' | 'ended' | 'failed' }>,
  ) {
    switch (message.kind) {
      case 'opened':
        this.#opened(message.facts, message.input);
        break;
      case 'rewound':
        this.listener.rewound();
        break;
      case 'stalled':
        this.losses.stalls += 1;
        this.#change({ state: 'stalled', reason: message.reason });
        break;
      case 'resumed':
        this.#change({ state: 'live', reason: message.reason });
        break;
      case 'ended':
        if (this.source.live)
          this.#lose(new SourceError('ERR_SOURCE_ENDED', 'source', 'the camera has ended its stream.'));
        else this.#end();
        break;
      case 'failed':
        this.#over(revive(message.error));
        break;
    }
  }

  #opened(facts: SourceFacts, input: Size): void {
    clearTimeout(this.#timer);
    this.#liveSince = this.world.now();
    if (this.#state === 'reconnecting') this.losses.reconnects += 1;
    this.listener.opened(facts, input);
    const { width, height, fps, by, notes = [] } = facts;
    const rate = fps > 0 ? ` at ${Math.round(fps * 10) / 10} fps` : '';
    this.#change({ state: 'live', reason: [`${width}x${height}${rate} (${by})`, ...notes].join('; ') });
  }

  #over(error: SourceError): void {
    if (this.source.live) this.#lose(error);
    else this.#end(error);
  }

  /** The newest attempt is over; another one comes. */
  #lose(error: SourceError): void {
    clearTimeout(this.#timer);
    const now = this.world.now();
    this.#close();
    // A camera that lived for longer than it was waited for is worth a quick attempt; one that flaps is not.
    const livedMs = this.#liveSince === undefined ? 0 : now - this.#liveSince;
    this.#liveSince = undefined;
    if (livedMs > this.#waitedMs) {
      this.#waits = this.#newWaits();
      this.#attempts = 0;
    }
    this.#attempts += 1;
    this.losses.byCode[error.code] = (this.losses.byCode[error.code] ?? 0) + 1;
    const retryMs = this.#waits.next().value;
    this.#waitedMs = retryMs;
    this.#timer = setTimeout(() => this.#retry(), retryMs);
    this.#change({ state: 'reconnecting', reason: error.message, error, retryMs });
  }

  /** The newest attempt ends; whatever else it says is too late. */
  #close(): void {
    if (this.#worker !== undefined && this.#isOpen) {
      this.#unclosed.set(this.#generation, this.world.now());
      this.#send({ kind: 'close', generation: this.#generation });
    }
    this.#isOpen = false;
    this.#isWaiting = false; // whoever closes it says when the next one begins
    this.#generation += 1;
  }

  #retry(): void {
    this.#isWaiting = this.#unclosed.size >= maxUnclosed; // until one of them has ended
    if (!this.#isWaiting) this.#attempt();
  }

  #closed(generation: number): void {
    this.#unclosed.delete(generation);
    this.#onClosed.get(generation)?.();
    if (this.#isWaiting && !this.#stopping) this.#retry();
  }

  async #untilClosed(generation: number): Promise<void> {
    if (!this.#unclosed.has(generation)) return;
    const isClosed = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), lendMs);
      this.#onClosed.set(generation, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    this.#onClosed.delete(generation);
    if (!isClosed) throw new SourceError('ERR_SOURCE_BUSY', 'source', 'its video can’t be ended. Try again.');
  }

  #end(error?: SourceError): void {
    this.#send({ kind: 'stop' });
    this.#worker = undefined; // it ends by itself
    this.#isOpen = false;
    this.#change({ state: 'ended', reason: error?.message ?? 'the source has ended', ...(error && { error }) });
  }

  #lookForHang(): void {
    const now = this.world.now();
    this.#forgive(now, now - this.#lookedAt - hangLookMs);
    this.#lookedAt = now;
    const since = Math.min(
      this.#worker === undefined ? Number.POSITIVE_INFINITY : this.#aliveAt,
      ...this.#unclosed.values(),
    );
    const hungMs = now - since;
    if (hungMs < this.data.settings.recovery.hangSeconds * 1000) return;
    clearInterval(this.#hangTimer);
    const what = `a capture thread has been stuck for ${Math.round(hungMs / 1000)} s and can’t be ended by itself.`;
    this.listener.hung(new EngineError('ERR_ENGINE_CAPTURE_HUNG', 'engine', what));
  }

  /** Nobody listened for so long: this thread stood still itself, as for a long inference. */
  #forgive(now: number, awayMs: number): void {
    if (awayMs < hangLookMs) return;
    this.#aliveAt = Math.min(now, this.#aliveAt + awayMs);
    for (const [generation, since] of this.#unclosed) this.#unclosed.set(generation, Math.min(now, since + awayMs));
  }

  #newWaits(): Generator<number, never> {
    const { retrySeconds, maxRetrySeconds } = this.data.settings.recovery;
    const options = { factor: retryGrowth, jitter: retryJitter, maxMs: maxRetrySeconds * 1000 };
    return backoff({ initialMs: retrySeconds * 1000, ...options }, this.world.random);
  }

  #change(change: Omit<CaptureChange, 'attempts'>): void {
    this.#state = change.state;
    this.listener.changed({ ...change, attempts: change.state === 'live' ? 0 : this.#attempts });
  }

  #send(message: ToCaptureWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}

function startThread(workerData: CaptureWorkerData): CaptureWorker {
  return new Worker(new URL('./capture-worker.js', import.meta.url), {
    workerData,
    trackUnmanagedFds: false, // a pipe of time stamps is closed by its socket, which Node would not notice
    resourceLimits: { maxYoungGenerationSizeMb: 4 }, // it makes little garbage; the default costs 16 MB a camera
  });
}

function revive({ code, exit, message }: SerialisedError): SourceError {
  return new SourceError(code, exit, message);
}
