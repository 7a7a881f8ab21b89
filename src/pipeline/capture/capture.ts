import { Worker } from 'node:worker_threads';
import { type SerialisedError, SourceError } from '../../contract/errors.js';
import type { Box } from '../../contract/geometry.js';
import type { Size } from './input-size.js';
import type {
  CaptureCounters,
  CapturedFrame,
  CaptureWorkerData,
  FromCaptureWorker,
  ToCaptureWorker,
} from './messages.js';
import type { PictureSource, SourceFacts } from './picture-source.js';

export type { CaptureCounters, CapturedFrame, PictureSource };

/** What a capture tells its owner; each is called on the owner's thread. */
export interface CaptureListener {
  opened(facts: SourceFacts, input: Size): void;
  /** The owner must `release` every frame that it is given. */
  frame(frame: CapturedFrame): void;
  /** The JPEGs of a `release` that named boxes; empty when the picture is gone. */
  snapshots(frameNumber: number, jpegs: Uint8Array[]): void;
  rewound(): void;
  ended(): void;
  failed(error: SourceError): void;
}

/** One camera's capture thread. Its source is opened once; when it ends or fails, make a new capture. */
export class Capture {
  counters: CaptureCounters = { decoded: 0, skipped: 0, decodeErrors: 0, snapshotErrors: 0, decodeMs: 0, scaleMs: 0 };
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(
    private readonly data: CaptureWorkerData,
    private readonly listener: CaptureListener,
  ) {}

  start(): void {
    const worker = new Worker(new URL('./capture-worker.js', import.meta.url), {
      workerData: this.data,
      resourceLimits: { maxYoungGenerationSizeMb: 4 }, // it makes little garbage; the default costs 16 MB a camera
    });
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (message: FromCaptureWorker) => this.#receive(message));
    worker.on('error', (error) => {
      this.listener.failed(
        new SourceError('ERR_SOURCE_THREAD', 'internal', `capture thread: ${error.message}`, { cause: error }),
      );
    });
  }

  /**
   * Gives a frame's buffer back. `boxes` (fractions of the picture) are cut out of it as JPEGs; `settled` allows the
   * next frames to be still.
   */
  release(frame: CapturedFrame, boxes: Box[] = [], settled = false): void {
    const { number, buffer } = frame;
    this.#send({ kind: 'release', number, buffer, boxes, settled }, [buffer]);
  }

  /** From now on so many pictures a second, at most. */
  setRate(fps: number): void {
    this.#send({ kind: 'rate', fps });
  }

  /** Ends the thread, by force when it takes longer than `timeoutMs`. */
  async stop(timeoutMs = 1000): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#send({ kind: 'stop' });
    const impatient = setTimeout(() => worker.terminate(), timeoutMs);
    await this.#exited;
    clearTimeout(impatient);
    this.#worker = undefined;
  }

  #send(message: ToCaptureWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #receive(message: FromCaptureWorker): void {
    const { listener } = this;
    switch (message.kind) {
      case 'opened':
        listener.opened(message.facts, message.input);
        break;
      case 'frame':
        this.counters = message.counters;
        listener.frame(message.frame);
        break;
      case 'snapshots':
        listener.snapshots(message.number, message.jpegs);
        break;
      case 'rewound':
        listener.rewound();
        break;
      case 'ended':
        this.counters = message.counters;
        listener.ended();
        break;
      case 'failed':
        listener.failed(revive(message.error));
        break;
    }
  }
}

function revive({ code, exit, message }: SerialisedError): SourceError {
  return new SourceError(code, exit, message);
}
