import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Frame } from 'node-av/lib';
import { asMinspnetError, type MinspnetError } from '../../contract/errors.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { createSource } from './create-source.js';
import { inputSize, type Size } from './input-size.js';
import { MediaClock } from './media-clock.js';
import {
  type CaptureTime,
  type CaptureWorkerData,
  type FromCaptureWorker,
  noCounters,
  type ToCaptureWorker,
} from './messages.js';
import { MotionGate } from './motion-gate.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import { RateLimit } from './rate-limit.js';
import { fractionsOf, pixelRegion } from './region.js';
import { type Cut, SnapshotEncoder } from './snapshot.js';
import { parseSource, type Source } from './source.js';
import { tensorBuffer, tensorBytes } from './tensor.js';
import { TensorScaler } from './tensor-scaler.js';
import { Watchdog } from './watchdog.js';

/** What a capture thread needs of a MessagePort. */
export interface ThreadPort {
  on(event: 'message', listener: (message: ToCaptureWorker) => void): unknown;
  postMessage(message: FromCaptureWorker, transfer: ArrayBuffer[]): void;
  close(): void;
}

/** What it takes from the world around it; another one in tests. */
export interface ThreadWorld {
  createSource(source: Source): PictureSource;
  /** A monotonic clock that all threads and processes share, milliseconds. */
  now(): number;
}

/** How often the thread says that it is not stuck, milliseconds. */
const aliveMs = 1000;
/** Between two looks at whether the picture is frozen, milliseconds. */
const printMs = 1000;

/** One attempt to play the source, from opening it to its end. */
class Attempt {
  readonly #abort = new AbortController();
  readonly clock = new MediaClock();
  watchdog: Watchdog | undefined;
  /** To be interrupted when the attempt is given up; it is closed by whoever reads it. */
  source: PictureSource | undefined;
  watching: NodeJS.Timeout | undefined;
  printedAt = Number.NEGATIVE_INFINITY;

  constructor(readonly generation: number) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    this.#abort.abort();
    this.source?.interrupt();
  }
}

/**
 * A thread that turns one source into tensors:
 *
 *   source -> decode -> due? -> a free buffer? -> still? or scale -> `frame` ... `release` -> (snapshots) -> free buffer
 *
 * A live source has one buffer: what comes while it is out is skipped and counted, so that the network always gets the
 * newest picture. A file has two, so that decoding goes on beside the network, and waits for them.
 *
 * The thread outlives its attempts, and so do its buffers and scaler: a camera that is opened a thousand times costs no
 * more than one that is opened once.
 */
export class CaptureThread {
  readonly #source: Source;
  readonly #rate: RateLimit;
  readonly #snapshots: SnapshotEncoder;
  readonly #counters = noCounters();
  /** The pictures of the frames that are out, for snapshots. */
  readonly #out = new Map<number, Frame>();
  /** Frames without a picture, to be used again: each new one costs a share of a garbage collection. */
  readonly #idle: Frame[] = [];
  readonly #free: ArrayBuffer[] = [];
  #input: Size | undefined;
  #scaler: TensorScaler | undefined;
  #gate: MotionGate | undefined;
  #settled = false;
  /** By generation; more than one only while an old one is on its way out. */
  readonly #attempts = new Map<number, { attempt: Attempt; gone: Promise<void> }>();
  #onRelease: (() => void)[] = [];
  #number = 0;

  constructor(
    private readonly port: ThreadPort,
    private readonly data: CaptureWorkerData,
    private readonly world: ThreadWorld = { createSource, now: monotonicMs },
  ) {
    this.#source = parseSource(data.settings.source, data.settings);
    this.#rate = new RateLimit(data.settings.fps);
    this.#snapshots = new SnapshotEncoder(data.snapshot);
  }

  start(): void {
    const alive = setInterval(() => this.#send({ kind: 'alive', counters: this.#counters }), aliveMs);
    this.port.on('message', (message: ToCaptureWorker) => {
      switch (message.kind) {
        case 'open':
          this.#open(message.generation);
          break;
        case 'close':
          this.#attempts.get(message.generation)?.attempt.end();
          break;
        case 'release':
          this.#release(message);
          break;
        case 'rate':
          this.#rate.fps = message.fps;
          break;
        case 'stop':
          clearInterval(alive);
          void this.#stop();
      }
      this.#wake();
    });
  }

  #open(generation: number): void {
    const attempt = new Attempt(generation);
    this.#attempts.set(generation, { attempt, gone: this.#run(attempt) });
  }

  async #stop(): Promise<void> {
    const attempts = [...this.#attempts.values()];
    for (const { attempt } of attempts) attempt.end();
    this.#wake();
    await Promise.all(attempts.map(({ gone }) => gone));
    for (const picture of [...this.#out.values(), ...this.#idle]) picture.free();
    this.#scaler?.[Symbol.dispose]();
    this.#gate?.[Symbol.dispose]();
    this.port.close();
  }

  /** Never rejects: how an attempt ends is what it sends. */
  async #run(attempt: Attempt): Promise<void> {
    const { generation, signal } = attempt;
    try {
      await this.#playAll(attempt);
      if (!signal.aborted) this.#send({ kind: 'ended', generation });
    } catch (error) {
      this.#fail(attempt, asMinspnetError(error));
    } finally {
      this.#attempts.delete(generation);
      this.#send({ kind: 'alive', counters: this.#counters });
      this.#send({ kind: 'closed', generation });
    }
  }

  async #playAll(attempt: Attempt): Promise<void> {
    const startedAt = this.#now();
    let playedMs = 0;
    do {
      if (playedMs > 0) this.#send({ kind: 'rewound', generation: attempt.generation });
      playedMs += await this.#play(attempt, {
        monotonicMs: startedAt.monotonicMs + playedMs,
        utcMs: startedAt.utcMs + playedMs,
      });
    } while (this.data.settings.loop && !this.#source.live && !attempt.signal.aborted);
  }

  /** Plays the source from its start to its end. @returns how long that was in media time, milliseconds. */
  async #play(attempt: Attempt, startedAt: CaptureTime): Promise<number> {
    await using source = this.world.createSource(this.#source);
    attempt.source = source;
    try {
      return await this.#takeAll(attempt, source, startedAt);
    } finally {
      clearInterval(attempt.watching);
      attempt.source = undefined; // it must not be interrupted once it is closed
      // What comes next (`rewound`, `ended`, `failed`) must come after all that belongs to the frames before it.
      while (!this.#source.live && this.#out.size > 0 && !attempt.signal.aborted) await this.#released();
    }
  }

  async #takeAll(attempt: Attempt, source: PictureSource, startedAt: CaptureTime): Promise<number> {
    const facts = await source.open();
    this.#rate.reset();
    this.#gate?.reset();
    const errorsBefore = this.#counters.decodeErrors;
    let lastMs = 0;
    for (let first = true; !attempt.signal.aborted; first = false) {
      const before = performance.now();
      const picture = await source.next();
      if (attempt.signal.aborted) break;
      this.#counters.decodeMs += performance.now() - before;
      this.#counters.decodeErrors = errorsBefore + source.decodeErrors;
      if (picture === undefined) break;
      if (first) this.#begin(attempt, facts, picture);
      this.#counters.decoded += 1;
      lastMs = picture.mediaMs;
      await this.#take(attempt, picture, startedAt);
    }
    return lastMs + 1000 / (facts.fps || this.data.settings.fps);
  }

  #begin(attempt: Attempt, facts: SourceFacts, { frame }: Picture): void {
    const { width, height } = frame; // what a source states is not always what it sends
    this.#input ??= this.#prepare({ width, height });
    this.#send({
      kind: 'opened',
      generation: attempt.generation,
      facts: { ...facts, width, height },
      input: this.#input,
    });
    if (!this.#source.live) return;
    const watchdog = new Watchdog(this.data.settings.recovery, facts.fps, this.world.now());
    attempt.watchdog = watchdog;
    attempt.watching = setInterval(() => this.#watch(attempt, watchdog), watchdog.lookMs);
  }

  #watch(attempt: Attempt, watchdog: Watchdog): void {
    const { generation, signal } = attempt;
    if (signal.aborted) return;
    const jumps = watchdog.sleeps;
    const verdict = watchdog.look(this.world.now());
    this.#counters.clockJumps += watchdog.sleeps - jumps;
    switch (verdict.kind) {
      case 'stalled':
      case 'resumed':
        this.#send({ ...verdict, generation });
        break;
      case 'lost':
        this.#fail(attempt, verdict.error);
    }
  }

  #fail(attempt: Attempt, error: MinspnetError): void {
    if (!attempt.signal.aborted) {
      this.#send({ kind: 'failed', generation: attempt.generation, error: error.serialise() });
    }
    attempt.end();
  }

  async #take(attempt: Attempt, picture: Picture, startedAt: CaptureTime): Promise<void> {
    if (this.#source.live) {
      this.#takeLive(attempt, picture);
      return;
    }
    const limited = this.data.settings.pace === 'realtime';
    if (limited && !this.#rate.isDue(picture.mediaMs)) return;
    // A file's times are those of its time stamps, also when it is played faster.
    const time = {
      monotonicMs: startedAt.monotonicMs + picture.mediaMs,
      utcMs: startedAt.utcMs + picture.mediaMs,
    };
    const { signal } = attempt;
    if (limited) await sleepOrAbort(time.monotonicMs - this.world.now(), signal);
    while (this.#free.length === 0 && !signal.aborted) await this.#released();
    if (!signal.aborted) this.#emit(attempt, picture, picture.mediaMs, time);
  }

  #takeLive(attempt: Attempt, picture: Picture): void {
    const time = this.#now();
    const jumps = attempt.clock.jumps;
    const mediaMs = attempt.clock.steady(picture.mediaMs, time.monotonicMs);
    this.#counters.clockJumps += attempt.clock.jumps - jumps;
    attempt.watchdog?.picture(mediaMs, time.monotonicMs);
    if (!this.#rate.isDue(mediaMs)) return;
    // A picture that is missed stays due, so the first one after the network is free again is taken.
    if (this.#free.length === 0) this.#counters.skipped += 1;
    else this.#emit(attempt, picture, mediaMs, time);
  }

  /** @returns the input's size: it stays, whatever the camera sends later. */
  #prepare(picture: Size): Size {
    const { fill, multipleOf, resize, settings } = this.data;
    const part = settings.region && pixelRegion(settings.region, picture);
    const input = this.data.input ?? inputSize(part ?? picture, multipleOf, this.data.inputPixels);
    this.#scaler = new TensorScaler(input, fill, resize, settings.region);
    this.#gate = new MotionGate(settings.motion, input, settings.region);
    const buffers = this.#source.live ? 1 : 2;
    for (let i = 0; i < buffers; i += 1) this.#free.push(tensorBuffer(input, fill));
    return input;
  }

  #emit(attempt: Attempt, { frame }: Picture, mediaMs: number, time: CaptureTime): void {
    const takenMs = this.world.now();
    this.#rate.taken(mediaMs);
    const buffer = this.#free.at(-1);
    const input = this.#input;
    if (buffer === undefined || this.#scaler === undefined || input === undefined) return;
    const before = performance.now();
    const still = this.#gate?.isStill(frame, mediaMs, this.#settled) ?? false;
    const fitted = still ? input : this.#scaler.scale(frame, buffer);
    this.#counters.scaleMs += performance.now() - before;
    if (!still) this.#print(attempt, buffer, input, time.monotonicMs);
    const kept = this.#idle.pop() ?? allocFrame();
    kept.ref(frame); // the same picture, no copy
    this.#number += 1;
    this.#out.set(this.#number, kept);
    const picture = { width: frame.width, height: frame.height };
    const region = this.#scaler.region && fractionsOf(this.#scaler.region, picture);
    const facts = { number: this.#number, generation: attempt.generation, takenMs, sentMs: this.world.now(), still };
    const pixels = { buffer, input, fitted, picture, ...(region && { region }) };
    this.#free.pop(); // not before: what fails on the way must not take the buffer along
    this.#send({ kind: 'frame', frame: { ...facts, ...pixels, ...time }, counters: this.#counters }, [buffer]);
  }

  /** The tensor is an average over all of the picture: a change anywhere shows in it. */
  #print(attempt: Attempt, buffer: ArrayBuffer, input: Size, nowMs: number): void {
    if (attempt.watchdog === undefined || nowMs - attempt.printedAt < printMs) return;
    attempt.printedAt = nowMs;
    attempt.watchdog.fingerprint(createHash('sha1').update(tensorBytes(buffer, input)).digest('base64'), nowMs);
  }

  #release({ number, buffer, cuts, settled }: Extract<ToCaptureWorker, { kind: 'release' }>): void {
    const picture = this.#out.get(number);
    this.#out.delete(number);
    if (cuts.length > 0) this.#send({ kind: 'snapshots', number, jpegs: this.#cut(picture, cuts) });
    if (picture !== undefined) {
      picture.unref();
      this.#idle.push(picture);
    }
    this.#free.push(buffer);
    this.#settled = settled;
  }

  /** A picture that is gone or can't be encoded costs its snapshots, not the camera. */
  #cut(picture: Frame | undefined, cuts: readonly Cut[]): Uint8Array[] {
    try {
      if (picture !== undefined) return cuts.map((cut) => this.#snapshots.encode(picture, cut));
    } catch {
      // FFmpeg can't scale or encode it: its events go without, and the count below tells of it in health.
    }
    this.#counters.snapshotErrors += cuts.length;
    return [];
  }

  /** Resolves at the next message, whatever it is: who waits looks again. */
  #released(): Promise<void> {
    return new Promise((resolve) => this.#onRelease.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#onRelease.splice(0)) resolve();
  }

  #now(): CaptureTime {
    return { monotonicMs: this.world.now(), utcMs: Date.now() };
  }

  #send(message: FromCaptureWorker, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

function allocFrame(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}

async function sleepOrAbort(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, { signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
}
