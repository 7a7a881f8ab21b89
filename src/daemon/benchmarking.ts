import type { RuntimeSettings } from '../config/schema.js';
import type { BenchmarkSummary } from '../contract/benchmark.js';
import { RequestError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';

/** What is measured: the network as the engine runs it. */
export interface BenchmarkWish {
  model: VerifiedModel;
  runtime: RuntimeSettings;
  size?: [number, number] | undefined;
}

/** Measures the board in processes of its own; they are gone when it has settled, which it does soon after `signal`. */
export type MeasureBoard = (wish: BenchmarkWish, signal: AbortSignal) => Promise<BenchmarkSummary>;

/**
 * The benchmark that can be asked for. The cameras go on being watched meanwhile: a board that measures itself shall not
 * be blind for half a minute, so the figures are those of what the cameras leave, and the summary says what they took.
 */
export class Benchmarking {
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;

  /** @param frames pictures that the present engine has analysed so far */
  constructor(
    private readonly measure: MeasureBoard,
    private readonly frames: () => number,
  ) {}

  /** @throws {MinspnetError} when it fails, or the daemon stops */
  async run(wish: BenchmarkWish): Promise<BenchmarkSummary> {
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const before = { at: performance.now(), frames: this.frames() };
    const running = this.measure(wish, signal);
    this.#running = running;
    const summary = await running;
    const frames = this.frames() - before.frames;
    const seconds = (performance.now() - before.at) / 1000;
    return { ...summary, camerasFps: frames < 0 ? null : frames / seconds }; // another engine counts from zero
  }

  /** Whoever waits for a result is told that there is none; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    const message = 'the daemon stops, so the benchmark has no result; ask again when it is back';
    this.#stopping.abort(new RequestError('ERR_REQUEST_STOPPED', 'engine', message));
    await this.#running?.catch(() => {});
  }
}
