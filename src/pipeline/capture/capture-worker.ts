import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Frame } from 'node-av/lib';
import { asMinspnetError } from '../../contract/errors.js';
import type { Box } from '../../contract/geometry.js';
import { FfmpegSource } from './ffmpeg-source.js';
import { inputSize, type Size } from './input-size.js';
import { LibcameraSource } from './libcamera-source.js';
import type {
  CaptureCounters,
  CaptureTime,
  CaptureWorkerData,
  FromCaptureWorker,
  ToCaptureWorker,
} from './messages.js';
import { monotonicMs } from './monotonic.js';
import { MotionGate } from './motion-gate.js';
import type { Picture, PictureSource } from './picture-source.js';
import { RateLimit } from './rate-limit.js';
import { SnapshotEncoder } from './snapshot.js';
import { parseSource, type Source } from './source.js';
import { tensorBuffer } from './tensor.js';
import { TensorScaler } from './tensor-scaler.js';

/**
 * A thread that turns one source into tensors:
 *
 *   source -> decode -> due? -> a free buffer? -> still? or scale -> `frame` ... `release` -> (snapshots) -> free buffer
 *
 * A live source has one buffer: what comes while it is out is skipped and counted, so that the network always gets the
 * newest picture. A file has two, so that decoding goes on beside the network, and waits for them.
 */
class CaptureWorker {
  readonly #source: Source;
  readonly #rate: RateLimit;
  readonly #snapshots: SnapshotEncoder;
  readonly #counters: CaptureCounters = {
    decoded: 0,
    skipped: 0,
    decodeErrors: 0,
    snapshotErrors: 0,
    decodeMs: 0,
    scaleMs: 0,
  };
  /** The pictures of the frames that are out, for snapshots. */
  readonly #out = new Map<number, Frame>();
  /** Frames without a picture, to be used again: each new one costs a share of a garbage collection. */
  readonly #idle: Frame[] = [];
  readonly #free: ArrayBuffer[] = [];
  #input: Size | undefined;
  #scaler: TensorScaler | undefined;
  #gate: MotionGate | undefined;
  #settled = false;
  #playing: PictureSource | undefined;
  #onRelease: (() => void) | undefined;
  readonly #stop = new AbortController();
  #number = 0;

  constructor(
    private readonly port: MessagePort,
    private readonly data: CaptureWorkerData,
  ) {
    this.#source = parseSource(data.settings.source);
    this.#rate = new RateLimit(data.settings.fps);
    this.#snapshots = new SnapshotEncoder(data.snapshot);
  }

  async run(): Promise<void> {
    this.port.on('message', (message: ToCaptureWorker) => this.#receive(message));
    try {
      const startedAt = now();
      let playedMs = 0;
      do {
        if (playedMs > 0) this.#send({ kind: 'rewound' });
        playedMs += await this.#play({
          monotonicMs: startedAt.monotonicMs + playedMs,
          utcMs: startedAt.utcMs + playedMs,
        });
      } while (this.data.settings.loop && !this.#stop.signal.aborted);
      this.#send({ kind: 'ended', counters: this.#counters });
    } catch (error) {
      if (this.#stop.signal.aborted) this.#send({ kind: 'ended', counters: this.#counters });
      else this.#send({ kind: 'failed', error: asMinspnetError(error).serialise() });
    } finally {
      this.#close();
    }
  }

  /** Plays the source from its start to its end. @returns how long that was in media time, milliseconds. */
  async #play(startedAt: CaptureTime): Promise<number> {
    await using source =
      this.#source.kind === 'ffmpeg' ? new FfmpegSource(this.#source) : new LibcameraSource(this.#source);
    this.#playing = source;
    try {
      return await this.#takeAll(source, startedAt);
    } finally {
      // What comes next (`rewound`, `ended`, `failed`) must come after all that belongs to the frames before it.
      while (this.#out.size > 0 && !this.#stop.signal.aborted) await this.#released();
      this.#playing = undefined; // it must not be interrupted once it is closed
    }
  }

  async #takeAll(source: PictureSource, startedAt: CaptureTime): Promise<number> {
    const facts = await source.open();
    this.#rate.reset();
    this.#gate?.reset();
    if (this.#input === undefined) this.#prepare(facts);
    if (this.#input !== undefined) this.#send({ kind: 'opened', facts, input: this.#input });
    const errorsBefore = this.#counters.decodeErrors;
    let lastMs = 0;
    for (;;) {
      const before = performance.now();
      const picture = await source.next();
      this.#counters.decodeMs += performance.now() - before;
      this.#counters.decodeErrors = errorsBefore + source.decodeErrors;
      if (picture === undefined || this.#stop.signal.aborted) break;
      this.#counters.decoded += 1;
      lastMs = picture.mediaMs;
      await this.#take(picture, startedAt);
    }
    return lastMs + 1000 / (facts.fps || this.data.settings.fps);
  }

  async #take(picture: Picture, startedAt: CaptureTime): Promise<void> {
    const limited = this.#source.live || this.data.settings.pace === 'realtime';
    if (limited && !this.#rate.isDue(picture.mediaMs)) return;
    if (this.#source.live) {
      // A picture that is missed stays due, so the first one after the network is free again is taken.
      if (this.#free.length === 0) this.#counters.skipped += 1;
      else this.#emit(picture, now());
      return;
    }
    // A file's times are those of its time stamps, also when it is played faster.
    const time = {
      monotonicMs: startedAt.monotonicMs + picture.mediaMs,
      utcMs: startedAt.utcMs + picture.mediaMs,
    };
    if (limited) await this.#sleepUntil(time.monotonicMs);
    while (this.#free.length === 0 && !this.#stop.signal.aborted) await this.#released();
    if (!this.#stop.signal.aborted) this.#emit(picture, time);
  }

  async #sleepUntil(instant: number): Promise<void> {
    const { signal } = this.#stop;
    await sleep(Math.max(0, instant - monotonicMs()), undefined, { signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #prepare(picture: Size): void {
    const input = this.data.input ?? inputSize(picture, this.data.multipleOf);
    this.#input = input;
    this.#scaler = new TensorScaler(input, this.data.fill, this.data.resize);
    this.#gate = new MotionGate(this.data.settings.motion, input);
    const buffers = this.#source.live ? 1 : 2;
    for (let i = 0; i < buffers; i += 1) this.#free.push(tensorBuffer(input, this.data.fill));
  }

  #emit({ frame, mediaMs }: Picture, time: CaptureTime): void {
    this.#rate.taken(mediaMs);
    const buffer = this.#free.pop();
    const input = this.#input;
    if (buffer === undefined || this.#scaler === undefined || input === undefined) return;
    const before = performance.now();
    const still = this.#gate?.isStill(frame, mediaMs, this.#settled) ?? false;
    const fitted = still ? input : this.#scaler.scale(frame, buffer);
    this.#counters.scaleMs += performance.now() - before;
    const kept = this.#idle.pop() ?? allocFrame();
    kept.ref(frame); // the same picture, no copy
    this.#number += 1;
    this.#out.set(this.#number, kept);
    const picture = { width: frame.width, height: frame.height };
    this.#send(
      {
        kind: 'frame',
        frame: { number: this.#number, still, buffer, input, fitted, picture, ...time },
        counters: this.#counters,
      },
      [buffer],
    );
  }

  #receive(message: ToCaptureWorker): void {
    if (message.kind === 'stop') {
      this.#stop.abort();
      this.#playing?.interrupt();
    } else if (message.kind === 'rate') {
      this.#rate.fps = message.fps;
    } else {
      const picture = this.#out.get(message.number);
      this.#out.delete(message.number);
      if (message.boxes.length > 0) {
        this.#send({ kind: 'snapshots', number: message.number, jpegs: this.#cut(picture, message.boxes) });
      }
      if (picture !== undefined) {
        picture.unref();
        this.#idle.push(picture);
      }
      this.#free.push(message.buffer);
      this.#settled = message.settled;
    }
    this.#onRelease?.();
  }

  /** A picture that can't be encoded costs its snapshots, not the camera. */
  #cut(picture: Frame | undefined, boxes: readonly Box[]): Uint8Array[] {
    if (picture === undefined) return [];
    try {
      return boxes.map((box) => this.#snapshots.encode(picture, box));
    } catch {
      this.#counters.snapshotErrors += 1;
      return [];
    }
  }

  #released(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRelease = resolve;
    });
  }

  #send(message: FromCaptureWorker, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  #close(): void {
    for (const picture of [...this.#out.values(), ...this.#idle]) picture.free();
    this.#scaler?.[Symbol.dispose]();
    this.#gate?.[Symbol.dispose]();
    this.#snapshots[Symbol.dispose]();
    this.port.close();
  }
}

function allocFrame(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}

function now(): CaptureTime {
  return { monotonicMs: monotonicMs(), utcMs: Date.now() };
}

if (parentPort !== null) await new CaptureWorker(parentPort, workerData as CaptureWorkerData).run();
