import { setTimeout as sleep } from 'node:timers/promises';
import { type RuntimeSettings, settingsSchema } from '../config/schema.js';
import { SourceError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { chosenSize, inputSize, type Size } from '../pipeline/capture/input-size.js';
import type { PictureSource, SourceFacts } from '../pipeline/capture/picture-source.js';
import { parseSource } from '../pipeline/capture/source.js';
import { tensorBuffer, tensorBytes } from '../pipeline/capture/tensor.js';
import { TensorScaler } from '../pipeline/capture/tensor-scaler.js';
import { Detector } from '../pipeline/detector.js';
import { Network } from '../pipeline/network.js';
import { Scene } from '../pipeline/scene.js';
import { openSource } from './open-source.js';

/** What a picture goes through, in order. */
export const stages = ['decode', 'scale', 'inference', 'decode boxes', 'track and events'] as const;
export type Stage = (typeof stages)[number];

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
  await using network = await Network.load(options.model, options.runtime);
  const run = new StageRun(new Detector(network), options);
  do await run.play();
  while (!run.over);
  return run.result();
}

class StageRun {
  readonly #samples = perStage<number[]>(() => []);
  readonly #cpuMs = perStage(() => 0);
  readonly #startedAt = performance.now();
  #warm: { at: number; cpu: NodeJS.CpuUsage } | undefined;
  #scene: Scene | undefined;
  #input: Size = { width: 0, height: 0 };
  #facts: SourceFacts | undefined;
  #played = 0;
  /** Media time goes on when a file starts over, with a pause in which all tracks end. */
  #offsetMs = 0;
  #dueAt = 0;

  constructor(
    private readonly detector: Detector,
    private readonly options: StageOptions,
  ) {}

  get over(): boolean {
    const { seconds = Number.POSITIVE_INFINITY, frames = Number.POSITIVE_INFINITY } = this.options;
    if (this.#warm === undefined) return false;
    return performance.now() - this.#warm.at >= seconds * 1000 || this.#samples.decode.length >= frames;
  }

  /** The source from its start to its end, or until enough is known. */
  async play(): Promise<void> {
    const { source: name, model } = this.options;
    const { multipleOf, fill, resize } = model.card.input;
    await using source = openSource(name);
    const facts = await source.open();
    this.#facts = facts;
    this.#input = chosenSize(model.card, this.options.size) ?? inputSize(facts, multipleOf);
    this.#scene ??= this.#createScene(facts);
    using scaler = new TensorScaler(this.#input, fill, resize);
    const buffer = tensorBuffer(this.#input, fill);
    const before = this.#played;
    while (!this.over) {
      await this.#pace();
      if (!(await this.#step(source, scaler, buffer))) break;
    }
    this.#offsetMs += 60_000;
    if (this.over) return;
    if (this.#played === before) throw sourceError('ERR_SOURCE_EMPTY', name, 'holds no picture');
    if (parseSource(name).live) {
      throw sourceError('ERR_SOURCE_ENDED', name, `ended after ${this.#played - before} pictures`);
    }
  }

  result(): StageSamples {
    const from = this.#warm ?? { at: this.#startedAt, cpu: { user: 0, system: 0 } };
    const { user, system } = process.cpuUsage(from.cpu);
    return {
      samples: this.#samples,
      cpuMs: this.#cpuMs,
      frames: this.#samples.decode.length,
      cpuSeconds: (user + system) / 1e6,
      wallSeconds: (performance.now() - from.at) / 1000,
      input: this.#input,
      facts: this.#facts as SourceFacts,
    };
  }

  /** @returns false at the end of the source */
  async #step(source: PictureSource, scaler: TensorScaler, buffer: ArrayBuffer): Promise<boolean> {
    const scene = this.#scene as Scene;
    const start = look();
    const picture = await source.next();
    if (picture === undefined) return false;
    const decoded = look();
    const fitted = scaler.scale(picture.frame, buffer);
    const scaled = look();
    const pixels = { bytes: tensorBytes(buffer, this.#input), input: this.#input, fitted };
    const detections = await this.detector.detect(pixels, scene.lowestScore);
    const detected = look();
    const at = this.#offsetMs + picture.mediaMs;
    scene.observe(detections, { monotonicMs: at, utcMs: at });
    const told = look();
    this.#played += 1;
    if (this.#warm === undefined) {
      if (this.#played >= warmUp.frames && told.wall - this.#startedAt >= warmUp.ms) {
        this.#warm = { at: told.wall, cpu: process.cpuUsage() };
      }
      return true;
    }
    const { prepareMs, inferenceMs, decodeBoxesMs } = this.detector.times;
    const boxes = decodeBoxesMs / (prepareMs + inferenceMs + decodeBoxesMs);
    const detectCpu = detected.cpu - scaled.cpu;
    this.#note('decode', decoded.wall - start.wall, decoded.cpu - start.cpu);
    this.#note('scale', scaled.wall - decoded.wall, scaled.cpu - decoded.cpu);
    this.#note('inference', prepareMs + inferenceMs, detectCpu * (1 - boxes));
    this.#note('decode boxes', decodeBoxesMs, detectCpu * boxes);
    this.#note('track and events', told.wall - detected.wall, told.cpu - detected.cpu);
    this.options.onProgress?.(this.#done());
    return true;
  }

  #note(stage: Stage, wallMs: number, cpuMs: number): void {
    this.#samples[stage].push(wallMs);
    this.#cpuMs[stage] += cpuMs;
  }

  #done(): number {
    const { seconds, frames } = this.options;
    const byTime = seconds === undefined ? 0 : (performance.now() - (this.#warm?.at ?? 0)) / (seconds * 1000);
    const byFrames = frames === undefined ? 0 : this.#samples.decode.length / frames;
    return Math.min(1, Math.max(byTime, byFrames));
  }

  async #pace(): Promise<void> {
    const { fps } = this.options;
    if (fps === undefined) return;
    const now = performance.now();
    if (this.#dueAt > now) await sleep(this.#dueAt - now);
    this.#dueAt = Math.max(this.#dueAt, now) + 1000 / fps;
  }

  #createScene({ width, height }: SourceFacts): Scene {
    const { source, model } = this.options;
    const { cameras, events } = settingsSchema.parse({ cameras: { bench: { source } } });
    const settings = cameras.bench;
    if (settings === undefined) throw new TypeError('no camera');
    const { minScore } = model.card;
    return new Scene({ camera: 'bench', runId: 'bench', settings, events, minScore, aspect: width / height });
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
  const shown = name.replace(/\/\/[^/@]*@/, '//***@');
  return new SourceError(code, 'source', `source ${shown} ${what}. A benchmark needs pictures for its whole duration.`);
}
