import { type PictureStage, pictureStages } from '../contract/stages.js';
import { addDuration, type DurationCounts, noDurations } from '../timing/histogram.js';
import { monotonicMs } from '../timing/monotonic.js';
import { percentile, sortUp } from '../timing/percentile.js';

/** Rates are means over so long, milliseconds, … */
const windowMs = 10_000;
/** … or over so many pictures at the rate that is wished for, if that is longer. */
const windowPictures = 10;
/** Waits for the network that are remembered. */
const rememberedWaits = 1000;

/** What is counted, and when that was looked at. */
interface Sample {
  atMs: number;
  frames: number;
  inferences: number;
  inferenceMs: number;
}

/** What has become of one camera's pictures since the start of the engine. Counters only count up. */
export class Statistics {
  /** Analysed. */
  frames = 0;
  /** Of them, pictures in which nothing had changed. */
  still = 0;
  readonly stages = Object.fromEntries(pictureStages.map((stage) => [stage, noDurations()])) as Record<
    PictureStage,
    DurationCounts
  >;
  #inferences = 0;
  #inferenceMs = 0;
  /** From capture to network, milliseconds; the newest ones. */
  readonly #waits: number[] = [];
  /** Oldest first. */
  readonly #samples: Sample[];

  constructor(private readonly now: () => number = monotonicMs) {
    this.#samples = [this.#sample()];
  }

  /** A picture has waited so long for the network, milliseconds. */
  waited(ms: number): void {
    if (this.#waits.length === rememberedWaits) this.#waits.shift();
    this.#waits.push(ms);
  }

  /** @param inferenceMs what the network took; undefined for a still picture */
  analysed(inferenceMs: number | undefined): void {
    this.frames += 1;
    if (inferenceMs === undefined) {
      this.still += 1;
      return;
    }
    this.#inferences += 1;
    this.#inferenceMs += inferenceMs;
  }

  /**
   * A picture has passed all its stages just now.
   *
   * @param startedMs when the network turned to it, on the monotonic clock
   * @param inferenceMs what the network took; undefined for a still picture
   */
  passed({ takenMs, sentMs }: { takenMs: number; sentMs: number }, startedMs: number, inferenceMs?: number): void {
    const now = this.now();
    const stages: Partial<Record<PictureStage, number>> = { total: now - takenMs };
    if (inferenceMs !== undefined) {
      const track = Math.max(0, now - startedMs - inferenceMs);
      Object.assign(stages, { prepare: sentMs - takenMs, wait: startedMs - sentMs, inference: inferenceMs, track });
    }
    for (const [stage, ms] of Object.entries(stages)) addDuration(this.stages[stage as PictureStage], ms);
  }

  /** 99th percentile of the newest waits, milliseconds; null if there was none. */
  get waitP99Ms(): number | null {
    return this.#waits.length === 0 ? null : percentile(sortUp(this.#waits), 0.99);
  }

  /**
   * Is called at every heartbeat: the rates are what was counted between two of them.
   *
   * @param wishedFps pictures a second that the camera is to give, at most
   * @returns pictures analysed a second, and the mean time of the network, milliseconds, null if it did not run
   */
  rates(wishedFps: number): { fps: number; inferenceMs: number | null } {
    const now = this.#sample();
    const longestMs = Math.max(windowMs, (windowPictures * 1000) / wishedFps);
    while (now.atMs - (this.#samples[1]?.atMs ?? now.atMs) >= longestMs) this.#samples.shift();
    const then = this.#samples[0] ?? now;
    this.#samples.push(now);
    const inferences = now.inferences - then.inferences;
    return {
      fps: now.atMs > then.atMs ? (1000 * (now.frames - then.frames)) / (now.atMs - then.atMs) : 0,
      inferenceMs: inferences > 0 ? (now.inferenceMs - then.inferenceMs) / inferences : null,
    };
  }

  #sample(): Sample {
    return { atMs: this.now(), frames: this.frames, inferences: this.#inferences, inferenceMs: this.#inferenceMs };
  }
}
