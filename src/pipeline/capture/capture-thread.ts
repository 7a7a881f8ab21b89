import { createHash } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { Frame } from 'node-av/lib';
import { asMinspnetError, type MinspnetError, SourceError } from '../../contract/errors.js';
import { type CaptureTime, monotonicMs } from '../../timing/monotonic.js';
import { createSource } from './create-source.js';
import type { Cut } from './cut.js';
import type { InputOptions, Size } from './input-size.js';
import {
  type AttemptEvent,
  type CaptureOptions,
  type FromCaptureThread,
  noCounters,
  type ToCaptureThread,
} from './messages.js';
import { PacketRing } from './packet-ring.js';
import type { Picture, PictureSource, SourceFacts } from './picture-source.js';
import { Preparation } from './preparation.js';
import { SnapshotEncoder } from './snapshot.js';
import { parseSource, type Source } from './source.js';
import { Watchdog } from './watchdog.js';

/** What a capture thread needs of a MessagePort. */
export interface ThreadPort {
  on(event: 'message', listener: (message: ToCaptureThread) => void): unknown;
  postMessage(message: FromCaptureThread, transfer: ArrayBuffer[]): void;
  close(): void;
}

/** What it takes from the world around it; another one in tests. */
export interface ThreadWorld {
  createSource(source: Source, ring?: PacketRing): PictureSource;
  /** A monotonic clock that all threads and processes share, milliseconds. */
  now(): number;
}

/** How often the thread says that it is not stuck, milliseconds. */
const aliveMs = 1000;
/** Between two looks at whether the picture is frozen, milliseconds. */
const printMs = 1000;
/** A source may always have a picture at once: after so long without a pause messages are read, milliseconds. */
const longestRunMs = 20;

/** One attempt to play the source, from opening it to its end. */
class Attempt {
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  watchdog: Watchdog | undefined;
  watching: NodeJS.Timeout | undefined;
  /** To be interrupted when the attempt is given up; it is closed by whoever reads it. */
  source: PictureSource | undefined;
  /** Resolves when nothing is left of it. */
  gone: Promise<void> | undefined;
  printedAt = Number.NEGATIVE_INFINITY;

  constructor(readonly generation: number) {}

  end(): void {
    this.#abort.abort();
    this.source?.interrupt();
  }
}

/**
 * A thread that turns one source into frames:
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
  /** A file may also be played as fast as the network takes it. */
  readonly #isPaced: boolean;
  readonly #preparation: Preparation;
  readonly #snapshots: SnapshotEncoder;
  readonly #ring: PacketRing | undefined;
  readonly #counters = noCounters();
  /** The pictures of the frames that are out, for snapshots. */
  readonly #out = new Map<number, Frame>();
  /** Frames without a picture, to be used again: each new one costs a share of a garbage collection. */
  readonly #idle: Frame[] = [];
  /** Memory for tensors, once the first picture has told how large they are. */
  #free: Uint8Array<ArrayBuffer>[] | undefined;
  /** Of the picture that told it. */
  #picture: Size | undefined;
  /** How often the input options have changed. */
  #inputs: number;
  /** Number of the first frame that was or will be prepared with them as they are now. */
  #firstOfInput = 1;
  /** By generation; more than one only while an old one is on its way out. */
  readonly #attempts = new Map<number, Attempt>();
  #onMessage: (() => void)[] = [];
  #number = 0;

  constructor(
    private readonly port: ThreadPort,
    private readonly options: CaptureOptions,
    private readonly world: ThreadWorld = { createSource, now: monotonicMs },
  ) {
    const { source, motion, region, tiles, pace, fps } = options.settings;
    this.#source = parseSource(source, options.settings);
    this.#isPaced = this.#source.live || pace === 'realtime';
    this.#preparation = new Preparation({ ...options, motion, region, tiles, fps: this.#isPaced ? fps : undefined });
    this.#snapshots = new SnapshotEncoder(options.snapshot);
    this.#ring = options.clips && new PacketRing(options.clips);
    this.#inputs = options.inputs;
  }

  start(): void {
    const alive = setInterval(() => this.#send({ kind: 'alive', counters: this.#counters }), aliveMs);
    this.port.on('message', (message: ToCaptureThread) => {
      switch (message.kind) {
        case 'open':
          this.#open(message.generation);
          break;
        case 'close':
          this.#attempts.get(message.generation)?.end();
          break;
        case 'release':
          this.#release(message);
          break;
        case 'clip':
          void this.#writeClip(message);
          break;
        case 'input':
          this.#use(message.input, message.inputs);
          break;
        case 'rate':
          if (this.#isPaced) this.#preparation.rate.fps = message.fps;
          break;
        case 'stop':
          clearInterval(alive);
          void this.#stop();
      }
      for (const resolve of this.#onMessage.splice(0)) resolve();
    });
  }

  #use(input: InputOptions, inputs: number): void {
    this.#preparation.use(input);
    this.#inputs = inputs;
    this.#firstOfInput = this.#number + 1;
    this.#free = this.#free?.map(() => this.#memory());
  }

  #memory(): Uint8Array<ArrayBuffer> {
    return this.#preparation.memoryFor(this.#picture ?? { width: 1, height: 1 });
  }

  #open(generation: number): void {
    const attempt = new Attempt(generation);
    this.#attempts.set(generation, attempt);
    attempt.gone = this.#run(attempt);
  }

  async #stop(): Promise<void> {
    const attempts = [...this.#attempts.values()];
    for (const attempt of attempts) attempt.end();
    await Promise.all(attempts.map(({ gone }) => gone));
    for (const picture of [...this.#out.values(), ...this.#idle]) picture.free();
    this.#preparation[Symbol.dispose]();
    this.#ring?.[Symbol.dispose]();
    this.port.close();
  }

  /** Never rejects: how an attempt ends is what it sends. */
  async #run(attempt: Attempt): Promise<void> {
    const { generation } = attempt;
    try {
      await this.#playAll(attempt);
      this.#report(attempt, { kind: 'ended' });
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
      if (playedMs > 0) this.#report(attempt, { kind: 'rewound' });
      playedMs += await this.#play(attempt, later(startedAt, playedMs));
    } while (this.options.settings.loop && !this.#source.live && !attempt.signal.aborted);
  }

  /** Plays the source from its start to its end. @returns how long that was in media time, milliseconds. */
  async #play(attempt: Attempt, startedAt: CaptureTime): Promise<number> {
    await using source = this.world.createSource(this.#source, this.#ring);
    attempt.source = source;
    try {
      return await this.#takeAll(attempt, source, startedAt);
    } finally {
      clearInterval(attempt.watching);
      attempt.source = undefined; // it must not be interrupted once it is closed
      // What comes next (`rewound`, `ended`, `failed`) must come after all that belongs to the frames before it.
      while (!this.#source.live && this.#out.size > 0 && !attempt.signal.aborted) await this.#nextMessage();
    }
  }

  async #takeAll(attempt: Attempt, source: PictureSource, startedAt: CaptureTime): Promise<number> {
    const facts = await source.open();
    this.#preparation.reset();
    const errorsBefore = this.#counters.decodeErrors;
    let jumps = 0;
    let lastMs = 0;
    let listenedAt = performance.now();
    for (let first = true; ; first = false) {
      const before = performance.now();
      const picture = await source.next();
      const now = performance.now();
      this.#counters.decodeMs += now - before;
      this.#counters.decodeErrors = errorsBefore + source.decodeErrors;
      this.#counters.clockJumps += source.clockJumps - jumps;
      jumps = source.clockJumps;
      if (now - listenedAt >= longestRunMs) {
        await setImmediate();
        listenedAt = performance.now();
      }
      if (picture === undefined || attempt.signal.aborted) break;
      if (first) this.#begin(attempt, facts, picture);
      this.#counters.decoded += 1;
      lastMs = picture.mediaMs;
      await this.#take(attempt, picture, startedAt);
    }
    return lastMs + 1000 / (facts.fps || this.options.settings.fps);
  }

  #begin(attempt: Attempt, facts: SourceFacts, { frame }: Picture): void {
    const { width, height } = frame; // what a source states is not always what it sends
    this.#picture ??= { width, height };
    this.#free ??= Array.from({ length: this.#source.live ? 1 : 2 }, () => this.#memory());
    this.#report(attempt, { kind: 'opened', facts: { ...facts, width, height } });
    if (!this.#source.live) return;
    const watchdog = new Watchdog(this.options.settings.recovery, facts.fps, this.world.now());
    attempt.watchdog = watchdog;
    attempt.watching = setInterval(() => this.#watch(attempt, watchdog), watchdog.lookMs);
  }

  #watch(attempt: Attempt, watchdog: Watchdog): void {
    const jumps = watchdog.sleeps;
    const verdict = watchdog.look(this.world.now());
    this.#counters.clockJumps += watchdog.sleeps - jumps;
    if (verdict.kind === 'lost') this.#fail(attempt, verdict.error);
    else if (verdict.kind !== 'live') this.#report(attempt, verdict);
  }

  #fail(attempt: Attempt, error: MinspnetError): void {
    this.#report(attempt, { kind: 'failed', error: error.serialise() });
    attempt.end();
  }

  async #take(attempt: Attempt, picture: Picture, startedAt: CaptureTime): Promise<void> {
    const { live } = this.#source;
    // A file's times are those of its time stamps, also when it is played faster.
    const time = live ? this.#now() : later(startedAt, picture.mediaMs);
    const { mediaMs } = picture;
    attempt.watchdog?.picture(mediaMs, time.monotonicMs);
    if (!this.#preparation.rate.isDue(mediaMs)) return;
    if (!live) await this.#untilWanted(attempt.signal, time.monotonicMs);
    if (attempt.signal.aborted) return;
    // A picture that is missed stays due, so the first one after the network is free again is taken.
    if (this.#free?.length === 0) this.#counters.skipped += 1;
    else this.#emit(attempt, picture, mediaMs, time);
  }

  /** A file waits until it is time for the picture, and for the network. */
  async #untilWanted(signal: AbortSignal, dueMs: number): Promise<void> {
    if (this.#isPaced) await sleep(Math.max(0, dueMs - this.world.now()), undefined, { signal }).catch(() => {});
    while (this.#free?.length === 0 && !signal.aborted) await this.#nextMessage();
  }

  #emit(attempt: Attempt, { frame }: Picture, mediaMs: number, time: CaptureTime): void {
    const takenMs = this.world.now();
    const bytes = this.#free?.at(-1);
    if (bytes === undefined) return;
    const before = performance.now();
    const prepared = this.#preparation.prepare(frame, mediaMs, bytes);
    this.#counters.scaleMs += performance.now() - before;
    if (!prepared.still && !prepared.isTile) this.#print(attempt, prepared.tensor.bytes, time.monotonicMs);
    const kept = this.#idle.pop() ?? allocFrame();
    kept.ref(frame); // the same picture, no copy
    const number = ++this.#number;
    this.#out.set(number, kept);
    this.#free?.pop(); // not before: what fails on the way must not take the memory along
    const sent = { ...prepared, ...time, number, inputs: this.#inputs, takenMs, sentMs: this.world.now() };
    const { generation } = attempt;
    this.#send({ kind: 'frame', generation, frame: sent, counters: this.#counters }, [bytes.buffer]);
  }

  /** The tensor is an average over all of the picture: a change anywhere shows in it. */
  #print(attempt: Attempt, tensor: Uint8Array, nowMs: number): void {
    if (attempt.watchdog === undefined || nowMs - attempt.printedAt < printMs) return;
    attempt.printedAt = nowMs;
    attempt.watchdog.fingerprint(createHash('sha1').update(tensor).digest('base64'), nowMs);
  }

  #release({ number, bytes, cuts, settled }: Extract<ToCaptureThread, { kind: 'release' }>): void {
    const picture = this.#out.get(number);
    this.#out.delete(number);
    if (cuts.length > 0) this.#send({ kind: 'snapshots', number, jpegs: this.#cut(picture, cuts) });
    if (picture !== undefined) {
      picture.unref();
      this.#idle.push(picture);
    }
    const isOld = number < this.#firstOfInput;
    this.#free?.push(isOld ? this.#memory() : bytes);
    this.#preparation.settled = settled && !isOld;
  }

  async #writeClip({ id, path, fromMs, toMs }: Extract<ToCaptureThread, { kind: 'clip' }>): Promise<void> {
    try {
      if (this.#ring === undefined) throw new SourceError('ERR_SOURCE_NO_CLIP', 'source', 'no video is kept of it.');
      await this.#ring.write(path, fromMs, toMs);
      this.#send({ kind: 'clip', id });
    } catch (error) {
      this.#send({ kind: 'clip', id, error: asMinspnetError(error).serialise() });
    }
  }

  /** A picture that is gone or can't be encoded costs its snapshots, not the camera. */
  #cut(picture: Frame | undefined, cuts: readonly Cut[]): Uint8Array[] {
    try {
      if (picture !== undefined) return cuts.map((cut) => this.#snapshots.cut(picture, cut));
    } catch {
      // FFmpeg can't scale or encode it: its events go without, and the count below tells of it in health.
    }
    this.#counters.snapshotErrors += cuts.length;
    return [];
  }

  /** Resolves at the next message, whatever it is: who waits looks again. */
  #nextMessage(): Promise<void> {
    return new Promise((resolve) => this.#onMessage.push(resolve));
  }

  /** Nobody listens to an attempt that was told to end. */
  #report({ generation, signal }: Attempt, event: AttemptEvent): void {
    if (!signal.aborted) this.#send({ ...event, generation });
  }

  #now(): CaptureTime {
    return { monotonicMs: this.world.now(), utcMs: Date.now() };
  }

  #send(message: FromCaptureThread, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

function allocFrame(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}

function later({ monotonicMs, utcMs }: CaptureTime, ms: number): CaptureTime {
  return { monotonicMs: monotonicMs + ms, utcMs: utcMs + ms };
}

// What a thread runs that capture-threads.ts has started: it is told of its camera once there is one.
const port = parentPort;
port?.once('message', (options: CaptureOptions) => new CaptureThread(port, options).start());
