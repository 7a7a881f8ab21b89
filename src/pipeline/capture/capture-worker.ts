import type { EventEmitter } from 'node:events';
import { EngineError, MinspnetError, SourceError } from '../../contract/errors.js';
import type { Cut } from './cut.js';
import type { InputOptions } from './input-size.js';
import {
  type AttemptEvent,
  type CaptureCounters,
  type FromCaptureThread,
  noCounters,
  type SentFrame,
  type ToCaptureThread,
} from './messages.js';

/** A picture on its way through the engine, bound to the thread that made it. Whoever is given it releases it, once. */
export interface Frame extends Omit<SentFrame, 'number'> {
  /**
   * Gives the tensor's memory back, which must not be read any more. Never rejects.
   *
   * @param cuts to be made of the picture
   * @param settled the scene would learn nothing from a second look at the same picture
   * @returns a JPEG for each cut; none if they could not be made, the thread has ended, or they took too long, which
   * `snapshotErrors` counts
   */
  release(cuts?: readonly Cut[], settled?: boolean): Promise<Uint8Array[]>;
}

/** One attempt to play the source. */
export interface Attempt {
  /** Ends it: nothing more is heard of it, and its frames go back by themselves. */
  close(): void;
  /** Resolves when nothing is left of it, which may take long if something below hangs. */
  readonly closed: Promise<void>;
}

/** What is heard of an attempt until it is closed. */
export type AttemptListener = (event: AttemptEvent) => void;

/** What is needed of a `Worker`. */
export interface WorkerThread extends Pick<EventEmitter, 'on' | 'once'> {
  postMessage(message: ToCaptureThread, transfer: ArrayBuffer[]): void;
  unref(): void;
}

export interface CaptureWorkerOptions {
  thread: WorkerThread;
  /** What the thread counts is added to them. */
  totals: CaptureCounters;
  /** A thread that says nothing for so long hangs, as does an attempt that does not end; undefined: nobody looks. */
  hangSeconds: number | undefined;
  /** Of an attempt that was not closed. */
  onFrame: (frame: Frame) => void;
  /** Every attempt has ended with it. @param crash why, unless it was told to stop */
  onExit: (crash: SourceError | undefined) => void;
  /** It can't be helped from within this process: a call that can't be interrupted doesn't return. */
  onHung: (error: EngineError) => void;
}

interface OpenAttempt {
  listener: AttemptListener;
  /** Seconds since it was told to end. */
  closingSeconds: number | undefined;
  end: () => void;
}

interface AwaitedJpegs {
  wanted: number;
  timer: NodeJS.Timeout;
  resolve: (jpegs: Uint8Array[]) => void;
}

/** So long JPEGs are waited for, milliseconds. Making them takes a few each, but the thread may wait for its camera. */
const jpegMs = 5000;

/** So long a clip may take to be written, milliseconds. */
const clipMs = 10_000;

/** Owns a capture thread, the attempts that run on it and the frames that have come from it. */
export class CaptureWorker {
  readonly #exited: Promise<void>;
  #hasExited = false;
  #generations = 0;
  readonly #attempts = new Map<number, OpenAttempt>();
  /** Frames whose JPEGs are waited for, by number. */
  readonly #awaited = new Map<number, AwaitedJpegs>();
  /** Those who wait for a clip, by its id. */
  readonly #clips = new Map<number, (error: MinspnetError | undefined) => void>();
  #clipIds = 0;
  /** What the thread said last that it has counted. */
  #counted = noCounters();
  #silentSeconds = 0;
  readonly #looks: NodeJS.Timeout | undefined;

  constructor(private readonly options: CaptureWorkerOptions) {
    const { thread, hangSeconds } = options;
    let crash: SourceError | undefined;
    thread.on('message', (message: FromCaptureThread) => this.#receive(message));
    thread.on('error', (cause: Error) => {
      crash = new SourceError('ERR_SOURCE_THREAD', 'internal', `capture thread: ${cause.message}`, { cause });
    });
    this.#exited = new Promise((resolve) => {
      thread.once('exit', () => {
        this.#exit(crash);
        resolve();
      });
    });
    if (hangSeconds !== undefined) this.#looks = setInterval(() => this.#lookForHang(hangSeconds), 1000);
  }

  /** Attempts that were told to end and have not yet. */
  get closing(): number {
    return [...this.#attempts.values()].filter(({ closingSeconds }) => closingSeconds !== undefined).length;
  }

  /** Begins an attempt to play the source. */
  open(listener: AttemptListener): Attempt {
    const generation = ++this.#generations;
    const closed = new Promise<void>((end) => {
      this.#attempts.set(generation, { listener, closingSeconds: undefined, end });
    });
    this.#post({ kind: 'open', generation });
    return { closed, close: () => this.#close(generation) };
  }

  /**
   * Writes a part of the newest video as MP4.
   *
   * @param fromMs on the monotonic clock, as `toMs`
   * @throws {SourceError} ERR_SOURCE_NO_CLIP
   */
  async clip(path: string, fromMs: number, toMs: number): Promise<void> {
    const id = ++this.#clipIds;
    const error = await new Promise<MinspnetError | undefined>((resolve) => {
      const end = (error: MinspnetError | undefined) => {
        clearTimeout(late);
        this.#clips.delete(id);
        resolve(error);
      };
      const late = setTimeout(() => end(noClip('it was not written in time.')), clipMs);
      this.#clips.set(id, end);
      if (this.#hasExited) end(noClip('its thread has ended.'));
      else this.#post({ kind: 'clip', id, path, fromMs, toMs });
    });
    if (error !== undefined) throw error;
  }

  /** Another input; `inputs` tells the frames of before from those after it. */
  setInput(input: InputOptions, inputs: number): void {
    this.#post({ kind: 'input', input, inputs });
  }

  /** From now on so many pictures a second, at most. */
  setRate(fps: number): void {
    this.#post({ kind: 'rate', fps });
  }

  /**
   * Ends all attempts, then the thread. One that hangs is left behind after `timeoutMs`: to terminate it within a call of
   * FFmpeg would abort the process.
   */
  async stop(timeoutMs: number): Promise<void> {
    clearInterval(this.#looks);
    this.#post({ kind: 'stop' });
    await isWithin(this.#exited, timeoutMs);
    for (const number of this.#awaited.keys()) this.#answer(number, undefined);
    this.options.thread.unref();
  }

  #receive(message: FromCaptureThread): void {
    this.#silentSeconds = 0;
    if ('counters' in message) this.#count(message.counters);
    switch (message.kind) {
      case 'alive':
        break;
      case 'snapshots':
        this.#answer(message.number, message.jpegs);
        break;
      case 'clip':
        this.#clips.get(message.id)?.(message.error && MinspnetError.revive(message.error));
        break;
      case 'closed':
        this.#attempts.get(message.generation)?.end();
        this.#attempts.delete(message.generation);
        break;
      case 'frame':
        this.#frame(message.generation, message.frame);
        break;
      default:
        this.#listenerOf(message.generation)?.(message);
    }
  }

  #listenerOf(generation: number): AttemptListener | undefined {
    const attempt = this.#attempts.get(generation);
    return attempt?.closingSeconds === undefined ? attempt?.listener : undefined;
  }

  #close(generation: number): void {
    const attempt = this.#attempts.get(generation);
    if (attempt === undefined || attempt.closingSeconds !== undefined) return;
    attempt.closingSeconds = 0;
    this.#post({ kind: 'close', generation });
  }

  #frame(generation: number, sent: SentFrame): void {
    const release: Frame['release'] = (cuts = [], settled = false) => this.#release(sent, cuts, settled);
    if (this.#listenerOf(generation) === undefined) void release();
    else this.options.onFrame({ ...sent, release });
  }

  #release({ number, tensor }: SentFrame, cuts: readonly Cut[], settled: boolean): Promise<Uint8Array[]> {
    const jpegs = cuts.length === 0 ? Promise.resolve([]) : this.#awaitJpegs(number, cuts.length);
    const { bytes } = tensor;
    if (this.#hasExited) this.#answer(number, undefined);
    else this.#post({ kind: 'release', number, bytes, cuts, settled }, [bytes.buffer]);
    return jpegs;
  }

  #awaitJpegs(number: number, wanted: number): Promise<Uint8Array[]> {
    // If it is this thread that stood still, the answer lies here already, and is heard before what is set for later.
    const timer = setTimeout(() => setImmediate(() => this.#answer(number, undefined)), jpegMs);
    return new Promise((resolve) => this.#awaited.set(number, { wanted, timer, resolve }));
  }

  /** @param jpegs undefined if they are waited for no longer; whatever comes after that is too late */
  #answer(number: number, jpegs: Uint8Array[] | undefined): void {
    const awaited = this.#awaited.get(number);
    if (awaited === undefined) return;
    this.#awaited.delete(number);
    clearTimeout(awaited.timer);
    if (jpegs === undefined) this.options.totals.snapshotErrors += awaited.wanted;
    awaited.resolve(jpegs ?? []);
  }

  #exit(crash: SourceError | undefined): void {
    clearInterval(this.#looks);
    this.#hasExited = true;
    for (const number of this.#awaited.keys()) this.#answer(number, undefined);
    for (const end of this.#clips.values()) end(noClip('its thread has ended.'));
    for (const { end } of this.#attempts.values()) end();
    this.#attempts.clear();
    this.options.onExit(crash);
  }

  #count(counters: CaptureCounters): void {
    for (const name of Object.keys(counters) as (keyof CaptureCounters)[]) {
      this.options.totals[name] += counters[name] - this.#counted[name];
    }
    this.#counted = { ...counters };
  }

  /** Is called every second; less often if this thread stands still itself, and then nobody could be heard. */
  #lookForHang(hangSeconds: number): void {
    this.#silentSeconds += 1;
    let longest = this.#silentSeconds;
    for (const attempt of this.#attempts.values()) {
      if (attempt.closingSeconds !== undefined) longest = Math.max(longest, ++attempt.closingSeconds);
    }
    if (longest < hangSeconds) return;
    clearInterval(this.#looks);
    const what = `a capture thread has been stuck for ${longest} s and can’t be ended by itself.`;
    this.options.onHung(new EngineError('ERR_ENGINE_CAPTURE_HUNG', 'engine', what));
  }

  #post(message: ToCaptureThread, transfer: ArrayBuffer[] = []): void {
    if (!this.#hasExited) this.options.thread.postMessage(message, transfer);
  }
}

function noClip(why: string): SourceError {
  return new SourceError('ERR_SOURCE_NO_CLIP', 'source', `there is no clip: ${why}`);
}

/** @returns whether it came about within the time */
export async function isWithin(event: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
