import { setTimeout as sleep } from 'node:timers/promises';
import { describeSource } from '../config/address.js';
import { type RuntimeSettings, settingsSchema } from '../config/schema.js';
import { SourceError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { type Analysed, Analysis } from '../pipeline/analysis.js';
import { inputOptions, type Size } from '../pipeline/capture/input-size.js';
import type { PictureSource, SourceFacts } from '../pipeline/capture/picture-source.js';
import { Preparation } from '../pipeline/capture/preparation.js';
import { parseSource } from '../pipeline/capture/source.js';
import { Detector, Network } from '../pipeline/network.js';
import { type Stage, type StageClock, stages } from '../pipeline/stage-clock.js';
import type { CaptureTime } from '../timing/monotonic.js';
import { openSource } from './network-subject.js';

export interface StageOptions {
  /** As a camera's `source`; a file is played again and again. */
  source: string;
  model: VerifiedModel;
  runtime: RuntimeSettings;
  size?: [number, number] | undefined;
  /** Ends after so long, or … */
  seconds?: number;
  /** … after so many pictures. */
  frames?: number;
  /** Pictures a second, at most; as fast as possible where it is not given. */
  fps?: number | undefined;
  /** 0..1. */
  onProgress?: (done: number) => void;
}

export interface StageSamples {
  /** Wall milliseconds a picture, in order. */
  samples: Record<Stage, number[]>;
  /** CPU milliseconds of all pictures: unlike the wall's, they don't count what else the machine does. */
  cpuMs: Record<Stage, number>;
  frames: number;
  /** Of this process, all threads. */
  cpuSeconds: number;
  wallSeconds: number;
  input: Size;
  facts: SourceFacts;
}

/** At least this much before anything is counted. */
const warmUp = { frames: 10, ms: 1000 };

/**
 * Plays a source through the engine's own parts on this thread, one stage after the other.
 *
 * @throws {SourceError} when the source can't be played, or ERR_SOURCE_ENDED when a live one ends
 * @throws {ModelError} when the model can't be used
 */
export async function measureStages(options: StageOptions): Promise<StageSamples> {
  const { source: name, model, seconds, frames, fps, onProgress } = options;
  await using network = await Network.load(model, options.runtime);
  const { cameras, events } = settingsSchema.parse({ cameras: { bench: { source: name } } });
  const settings = cameras.bench as (typeof cameras)[string];
  const times = new StageTimes();
  using preparation = new Preparation(inputOptions(model.card, options.size), times.clock);
  const sceneOptions = { camera: 'bench', runId: 'bench', settings, events, model: model.card };
  const analysis = new Analysis(sceneOptions, new Detector(network), times.clock);
  const done = () => {
    const byTime = seconds === undefined ? 0 : times.warmMs / (seconds * 1000);
    const byFrames = frames === undefined ? 0 : times.frames / frames;
    return Math.min(1, Math.max(byTime, byFrames));
  };
  let played = 0;
  let facts: SourceFacts;
  // Media time goes on when a file starts over, with a pause in which all tracks end.
  for (let offsetMs = 0; ; offsetMs += 60_000) {
    await using source = openSource(name);
    facts = await source.open();
    preparation.reset();
    const before = played;
    const pictures = analysePictures(source, preparation, analysis, { offsetMs, clock: times.clock });
    for (let dueAt = performance.now(); done() < 1; played += 1) {
      if (fps !== undefined) {
        await sleep(Math.max(0, dueAt - performance.now()));
        dueAt = Math.max(dueAt, performance.now()) + 1000 / fps;
      }
      times.begin();
      const { value: picture } = await pictures.next();
      if (picture === undefined) break;
      offsetMs = picture.time.monotonicMs;
      onProgress?.(done());
    }
    if (done() === 1) break;
    if (played === before) throw sourceError('ERR_SOURCE_EMPTY', name, 'holds no picture');
    if (parseSource(name).live) throw sourceError('ERR_SOURCE_ENDED', name, `ended after ${played - before} pictures`);
  }
  return { ...times.result(), input: preparation.inputFor(facts), facts };
}

/**
 * Does with the pictures of a source what a camera's thread and the engine do, one after the other, until the source
 * ends. Their times of capture are those of its time stamps.
 *
 * @param offsetMs of the first picture's time
 */
export async function* analysePictures(
  source: PictureSource,
  preparation: Preparation,
  analysis: Analysis,
  { offsetMs = 0, clock }: { offsetMs?: number; clock?: StageClock } = {},
): AsyncGenerator<Analysed & { time: CaptureTime }, undefined> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  for (let picture = await source.next(); picture !== undefined; picture = await source.next()) {
    if (!preparation.rate.isDue(picture.mediaMs)) continue;
    clock?.('decode');
    bytes ??= preparation.memoryFor(picture.frame);
    const prepared = preparation.prepare(picture.frame, picture.mediaMs, bytes);
    const at = offsetMs + picture.mediaMs;
    const time = { monotonicMs: at, utcMs: at };
    const analysed = await analysis.look({ ...prepared, ...time, takenMs: at });
    preparation.settled = analysis.settled;
    if (analysed !== undefined) yield { ...analysed, time };
  }
  return undefined;
}

/** Counts the time of each stage, once it is warm. */
class StageTimes {
  readonly #samples = perStage<number[]>(() => []);
  readonly #cpuMs = perStage(() => 0);
  readonly #startedAt = performance.now();
  #warm: { at: number; cpu: NodeJS.CpuUsage } | undefined;
  #begun = 0;
  #last = look();

  get frames(): number {
    return this.#samples['track and events'].length;
  }

  /** Since it is warm. */
  get warmMs(): number {
    return this.#warm === undefined ? 0 : performance.now() - this.#warm.at;
  }

  /** A picture's first stage begins. */
  begin(): void {
    this.#last = look();
    this.#begun += 1;
    if (this.#warm !== undefined || this.#begun <= warmUp.frames) return;
    if (this.#last.wall - this.#startedAt >= warmUp.ms) this.#warm = { at: this.#last.wall, cpu: process.cpuUsage() };
  }

  readonly clock: StageClock = (stage) => {
    const now = look();
    if (this.#warm !== undefined) {
      this.#samples[stage].push(now.wall - this.#last.wall);
      this.#cpuMs[stage] += now.cpu - this.#last.cpu;
    }
    this.#last = now;
  };

  result(): Omit<StageSamples, 'input' | 'facts'> {
    const { user, system } = process.cpuUsage(this.#warm?.cpu);
    return {
      samples: this.#samples,
      cpuMs: this.#cpuMs,
      frames: this.frames,
      cpuSeconds: (user + system) / 1e6,
      wallSeconds: this.warmMs / 1000,
    };
  }
}

function perStage<Value>(make: () => Value): Record<Stage, Value> {
  return Object.fromEntries(stages.map((stage) => [stage, make()])) as Record<Stage, Value>;
}

/** Wall and CPU time of this process, milliseconds. */
function look(): { wall: number; cpu: number } {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}

function sourceError(code: string, name: string, what: string): SourceError {
  const message = `source ${describeSource(name)} ${what}. A benchmark needs pictures for its whole duration.`;
  return new SourceError(code, 'source', message);
}
