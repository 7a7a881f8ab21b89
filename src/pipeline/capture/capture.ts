import { type EngineError, MinspnetError, SourceError } from '../../contract/errors.js';
import type { CaptureState } from '../../contract/status.js';
import { backoff } from '../../timing/backoff.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { CaptureThreads } from './capture-threads.js';
import { type Attempt, CaptureWorker, type Frame, isWithin, type WorkerThread } from './capture-worker.js';
import type { InputOptions } from './input-size.js';
import { type AttemptEvent, type CaptureOptions, noCounters } from './messages.js';
import type { SourceFacts } from './picture-source.js';
import { parseSource, type Source } from './source.js';

export type { Frame };

/** A change of a capture's state, and why. */
export interface CaptureChange {
  state: CaptureState;
  reason: string;
  /** What broke, if something did. */
  error?: SourceError;
  /** Attempts in a row that gave no picture, or not for long; 0 when it is live. */
  attempts: number;
  /** When reconnecting: until the next attempt, milliseconds. */
  retryMs?: number;
}

/** What a capture tells its owner; each is called on the owner's thread. */
export interface CaptureListener {
  changed(change: CaptureChange): void;
  /** The owner must release every frame that it is given. */
  frame: (frame: Frame) => void;
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

/** What it takes from the world around it; another one in tests. */
export interface CaptureWorld {
  startThread(options: CaptureOptions): WorkerThread;
  /** As `Math.random`. */
  random(): number;
  /** A monotonic clock, milliseconds. */
  now(): number;
}

/** The world as it is. */
export function worldOf(threads: CaptureThreads): CaptureWorld {
  return { startThread: (options) => threads.start(options), random: Math.random, now: monotonicMs };
}

/** Each wait is so many times the one before, and half of it is left to chance: see backoff(). */
const retryGrowth = 1.5;
const retryJitter = 0.5;
/** No further attempt is begun while so many can't be ended. */
const maxClosing = 3;
/** From a restart that was asked for to the new attempt, milliseconds: a device that is still held can't be opened. */
const restartMs = 250;
/** How long a thread may take to end, milliseconds. */
const endMs = 1000;
/** How long the source may take to be closed before it is lent, milliseconds. */
const lendMs = 5000;

/** What is reported while there are no pictures: nothing has worked yet, or something has been lost. */
type Unconnected = 'starting' | 'reconnecting';

/** What a capture does. It has an attempt, a timer or a loan only in the state that names it. */
type State =
  | { name: 'idle'; reported: 'starting' | 'ended' }
  /** An attempt has been begun and gave no picture yet. The timer ends it. */
  | { name: 'opening'; reported: Unconnected; attempt: Attempt; timer: NodeJS.Timeout | undefined }
  | { name: 'playing'; reported: 'live' | 'stalled'; attempt: Attempt; sinceMs: number }
  /** The timer begins the next attempt. */
  | { name: 'waiting'; reported: Unconnected; timer: NodeJS.Timeout }
  /** An attempt is due, but too many old ones have not ended yet. */
  | { name: 'queued'; reported: Unconnected }
  /** Somebody else uses the source. */
  | { name: 'lending'; reported: 'starting'; loan: AbortController }
  | { name: 'stopping'; reported: CaptureState };

/**
 * One camera, and the state machine around it:
 *
 *   starting -> live -> stalled -> reconnecting -> live
 *
 * A live source is opened again for ever; a file once. The thread (see capture-thread.ts) stays, its attempts come and
 * go; one that is closed is not heard any more.
 */
export class Capture {
  readonly losses: CaptureLosses = { stalls: 0, reconnects: 0, byCode: {} };
  /** Of all its threads together. */
  readonly counters = noCounters();
  readonly source: Source;
  #state: State = { name: 'idle', reported: 'starting' };
  /** Pictures analysed a second, at most. */
  #fps: number;
  /** How the network wants its pictures, and how often that has changed. */
  #input: InputOptions;
  #inputs = 0;
  #worker: CaptureWorker | undefined;
  /** The thread of a file that is over ends by itself. */
  #ended: Promise<void> | undefined;
  #retries: Retries;

  constructor(
    private readonly options: Omit<CaptureOptions, 'inputs'>,
    private readonly listener: CaptureListener,
    private readonly world: CaptureWorld = worldOf(new CaptureThreads()),
  ) {
    this.source = parseSource(options.settings.source, options.settings);
    this.#fps = options.settings.fps;
    this.#input = options;
    this.#retries = this.#newRetries();
  }

  get state(): CaptureState {
    return this.#state.reported;
  }

  start(): void {
    this.#report({ state: 'starting', reason: 'the source is being opened' });
    this.#attempt('starting');
  }

  /** How the network wants its pictures from now on; those that are on their way are of no use to it. */
  setInput(input: InputOptions): void {
    this.#input = input;
    this.#inputs += 1;
    this.#worker?.setInput(input, this.#inputs);
  }

  /** Whether a frame was prepared as the network wants it now. */
  isCurrent({ inputs }: Frame): boolean {
    return inputs === this.#inputs;
  }

  /** From now on so many pictures a second, at most. */
  setRate(fps: number): void {
    this.#fps = fps;
    this.#worker?.setRate(fps);
  }

  /**
   * Writes a part of the newest video as MP4.
   *
   * @param fromMs on the monotonic clock, as `toMs`
   * @throws {SourceError} ERR_SOURCE_NO_CLIP
   */
  async clip(path: string, fromMs: number, toMs: number): Promise<void> {
    if (this.#worker !== undefined) return await this.#worker.clip(path, fromMs, toMs);
    throw new SourceError('ERR_SOURCE_NO_CLIP', 'source', `there is no clip: it is ${this.state}.`);
  }

  /**
   * Closes the source, which must be live, so that somebody else can use it, and opens it again afterwards. A restart or
   * the end aborts what it is used for.
   *
   * @throws {SourceError} ERR_SOURCE_BUSY if it can't be closed
   */
  async lend<T>(reason: string, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#state.name !== 'playing') {
      throw new SourceError('ERR_SOURCE_BUSY', 'source', `it is ${this.state}. Try again when it is live.`);
    }
    const { closed } = this.#state.attempt;
    const loan = new AbortController();
    this.#enter({ name: 'lending', reported: 'starting', loan }, { reason });
    try {
      if (!(await isWithin(closed, lendMs))) {
        throw new SourceError('ERR_SOURCE_BUSY', 'source', 'its video can’t be ended. Try again.');
      }
      return await use(loan.signal);
    } finally {
      if (!loan.signal.aborted) this.#attempt('starting'); // else it was restarted or stopped meanwhile
    }
  }

  /** Closes the source, in whatever state it is, and opens it again. */
  restart(): void {
    if (this.#state.name === 'stopping') return;
    this.#retries = this.#newRetries();
    const timer = setTimeout(() => this.#attempt('starting'), restartMs);
    this.#enter({ name: 'waiting', reported: 'starting', timer }, { reason: 'a restart was asked for' });
  }

  /** Ends the thread, or leaves it behind after `timeoutMs` if it hangs. */
  async stop(timeoutMs = endMs): Promise<void> {
    this.#enter({ name: 'stopping', reported: this.#state.reported });
    await Promise.all([this.#worker?.stop(timeoutMs), this.#ended]);
  }

  #attempt(reported: Unconnected): void {
    if (this.#worker !== undefined && this.#worker.closing >= maxClosing) {
      this.#enter({ name: 'queued', reported });
      return;
    }
    this.#worker ??= this.#startWorker();
    const attempt: Attempt = this.#worker.open((event) => this.#receive(event, attempt));
    void attempt.closed.then(() => this.#mayAttempt());
    const { openSeconds } = this.options.settings.recovery;
    const what = `gave no picture within ${openSeconds} s of being opened. Check the address and that the camera is on.`;
    const late = () => this.#lose(new SourceError('ERR_SOURCE_TIMEOUT', 'source', what));
    const timer = this.source.live ? setTimeout(late, openSeconds * 1000) : undefined;
    this.#enter({ name: 'opening', reported, attempt, timer });
  }

  #startWorker(): CaptureWorker {
    const { settings } = this.options;
    const worker: CaptureWorker = new CaptureWorker({
      thread: this.world.startThread({
        ...this.options,
        ...this.#input,
        inputs: this.#inputs,
        settings: { ...settings, fps: this.#fps },
      }),
      totals: this.counters,
      hangSeconds: this.source.live ? settings.recovery.hangSeconds : undefined,
      onFrame: this.listener.frame,
      onExit: (crash) => this.#exited(worker, crash),
      onHung: (error) => this.listener.hung(error),
    });
    return worker;
  }

  #exited(worker: CaptureWorker, crash: SourceError | undefined): void {
    if (this.#worker !== worker || this.#state.name === 'stopping') return;
    this.#worker = undefined;
    if (!('attempt' in this.#state)) return;
    this.#over(crash ?? new SourceError('ERR_SOURCE_THREAD', 'internal', 'the capture thread has ended.'));
  }

  /** Old attempts have ended: the one that waits for that may begin. */
  #mayAttempt(): void {
    if (this.#state.name === 'queued') this.#attempt(this.#state.reported);
  }

  #receive(event: AttemptEvent, attempt: Attempt): void {
    switch (event.kind) {
      case 'opened':
        this.#opened(event.facts, attempt);
        break;
      case 'rewound':
        this.listener.rewound();
        break;
      case 'stalled':
      case 'resumed':
        this.#setStalled(event.kind === 'stalled', event.reason);
        break;
      case 'ended':
        this.#over();
        break;
      case 'failed':
        this.#over(MinspnetError.revive(event.error));
    }
  }

  #opened({ width, height, fps, by, notes = [] }: SourceFacts, attempt: Attempt): void {
    if (this.#state.reported === 'reconnecting') this.losses.reconnects += 1;
    const rate = fps > 0 ? ` at ${Math.round(fps * 10) / 10} fps` : '';
    const reason = [`${width}x${height}${rate} (${by})`, ...notes].join('; ');
    this.#enter({ name: 'playing', reported: 'live', attempt, sinceMs: this.world.now() }, { reason });
  }

  #setStalled(isStalled: boolean, reason: string): void {
    if (this.#state.name !== 'playing') return;
    if (isStalled) this.losses.stalls += 1;
    this.#enter({ ...this.#state, reported: isStalled ? 'stalled' : 'live' }, { reason });
  }

  /** The attempt is over. Of a live source another one comes; a file is over, and its thread with it. */
  #over(error?: SourceError): void {
    if (this.source.live) {
      this.#lose(error ?? new SourceError('ERR_SOURCE_ENDED', 'source', 'the camera has ended its stream.'));
      return;
    }
    const reason = error?.message ?? 'the source has ended';
    this.#enter({ name: 'idle', reported: 'ended' }, { reason, ...(error && { error }) });
    this.#ended = this.#worker?.stop(endMs);
    this.#worker = undefined;
  }

  #lose(error: SourceError): void {
    const livedMs = this.#state.name === 'playing' ? this.world.now() - this.#state.sinceMs : 0;
    this.losses.byCode[error.code] = (this.losses.byCode[error.code] ?? 0) + 1;
    const retryMs = this.#retries.next(livedMs);
    const timer = setTimeout(() => this.#attempt('reconnecting'), retryMs);
    this.#enter({ name: 'waiting', reported: 'reconnecting', timer }, { reason: error.message, error, retryMs });
  }

  /** The only way from one state to the next: whatever belonged to the old one ends with it. */
  #enter(state: State, change?: Omit<CaptureChange, 'attempts' | 'state'>): void {
    const before = this.#state;
    this.#state = state;
    if ('timer' in before) clearTimeout(before.timer);
    if ('loan' in before) before.loan.abort();
    if ('attempt' in before && !('attempt' in state && state.attempt === before.attempt)) before.attempt.close();
    if (change !== undefined) this.#report({ state: state.reported, ...change });
  }

  #report(change: Omit<CaptureChange, 'attempts'>): void {
    this.listener.changed({ ...change, attempts: change.state === 'live' ? 0 : this.#retries.failures });
  }

  #newRetries(): Retries {
    const { retrySeconds, maxRetrySeconds } = this.options.settings.recovery;
    const options = { factor: retryGrowth, jitter: retryJitter, maxMs: maxRetrySeconds * 1000 };
    return new Retries(() => backoff({ initialMs: retrySeconds * 1000, ...options }, this.world.random));
  }
}

/** How long to wait before the next attempt. */
class Retries {
  /** Attempts in a row that gave no picture, or not for long. */
  failures = 0;
  #waits: Generator<number, never>;
  #waitedMs = 0;

  constructor(private readonly begin: () => Generator<number, never>) {
    this.#waits = begin();
  }

  /** @param livedMs how long the attempt gave pictures, milliseconds. @returns milliseconds */
  next(livedMs: number): number {
    // A camera that lived for longer than it was waited for is worth a quick attempt; one that flaps is not.
    if (livedMs > this.#waitedMs) {
      this.#waits = this.begin();
      this.failures = 0;
    }
    this.failures += 1;
    this.#waitedMs = this.#waits.next().value;
    return this.#waitedMs;
  }
}
