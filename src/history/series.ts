import type { Series } from '../contract/http.js';
import type { PictureStage } from '../contract/stages.js';
import { pictureStages } from '../contract/stages.js';
import { type DurationCounts, durationsSince, noDurations, percentileOf } from '../timing/histogram.js';

/** What was measured at one moment; counters have counted up to it. Null: not known. */
export interface Measured {
  /** UTC, milliseconds. */
  atMs: number;
  /** Of all cameras together. */
  stages: Record<PictureStage, DurationCounts>;
  publishMs: number | null;
  engineCpuSeconds: number;
  daemonCpuSeconds: number;
  engineRssBytes: number | null;
  daemonRssBytes: number;
  temperature: number | null;
  watts: number | null;
  clockMhz: number | null;
  cameras: Record<string, { fps: number; tracks: number }>;
}

/** One point of the series. */
interface Point {
  stages: Partial<Record<PictureStage, [number | null, number | null, number | null]>>;
  numbers: Record<string, number | null>;
  cameras: Record<string, { fps: number; tracks: number }>;
}

export const spans = { hour: { stepSeconds: 10, points: 360 }, day: { stepSeconds: 240, points: 360 } } as const;
export type Span = keyof typeof spans;

/** The last hour and the last day of what the board does, in points of fixed number: a ring each. */
export class SeriesMemory {
  readonly #rings = { hour: new Ring(spans.hour.stepSeconds), day: new Ring(spans.day.stepSeconds) };

  /** @param kept what {@link keep} gave before a restart */
  constructor(kept?: unknown) {
    if (Array.isArray(kept)) this.#rings.day.restore(kept as [number, Point][]);
  }

  add(measured: Measured): void {
    for (const ring of Object.values(this.#rings)) ring.add(measured);
  }

  /** @param nowMs UTC */
  read(span: Span, nowMs: number): Series {
    const { stepSeconds, points } = spans[span];
    const last = Math.floor(nowMs / 1000 / stepSeconds);
    const slots = Array.from({ length: points }, (_, i) => last - points + 1 + i);
    const found = slots.map((slot) => this.#rings[span].at(slot));
    const numbers = (name: string) => found.map((point) => point?.numbers[name] ?? null);
    const percentiles = (stage: PictureStage) => {
      const part = (i: 0 | 1 | 2) => found.map((point) => point?.stages[stage]?.[i] ?? null);
      return { p50: part(0), p90: part(1), p99: part(2) };
    };
    const names = [...new Set(found.flatMap((point) => Object.keys(point?.cameras ?? {})))];
    const camera = (name: string, what: 'fps' | 'tracks') => found.map((point) => point?.cameras[name]?.[what] ?? null);
    return {
      stepSeconds,
      at: slots.map((slot) => slot * stepSeconds),
      stages: Object.fromEntries(pictureStages.map((stage) => [stage, percentiles(stage)])),
      publish: numbers('publish'),
      cpu: { engine: numbers('engineCpu'), daemon: numbers('daemonCpu') },
      rss: { engine: numbers('engineRss'), daemon: numbers('daemonRss') },
      temperature: numbers('temperature'),
      watts: numbers('watts'),
      clock: numbers('clock'),
      cameras: Object.fromEntries(
        names.map((name) => [name, { fps: camera(name, 'fps'), tracks: camera(name, 'tracks') }]),
      ),
    };
  }

  /** What is to be kept over a restart: the day. */
  keep(): unknown {
    return this.#rings.day.entries;
  }
}

/** One point a step, made of all that was measured in it. */
class Ring {
  readonly #points = new Map<number, Point>();
  /** What was measured last before the present slot began: counters are differences to it. */
  #base: Measured | undefined;
  #slot = 0;
  #last: Measured | undefined;

  constructor(private readonly stepSeconds: number) {}

  get entries(): [number, Point][] {
    return [...this.#points];
  }

  restore(entries: readonly [number, Point][]): void {
    for (const [slot, point] of entries) this.#points.set(slot, point);
  }

  at(slot: number): Point | undefined {
    return this.#points.get(slot);
  }

  add(measured: Measured): void {
    const slot = Math.floor(measured.atMs / 1000 / this.stepSeconds);
    if (slot !== this.#slot) {
      this.#base = this.#last;
      this.#slot = slot;
    }
    this.#last = measured;
    if (this.#base !== undefined) this.#points.set(slot, pointOf(this.#base, measured));
    for (const old of this.#points.keys()) {
      if (old > slot - spans.hour.points && old <= slot) break;
      this.#points.delete(old);
    }
  }
}

function pointOf(before: Measured, now: Measured): Point {
  const seconds = (now.atMs - before.atMs) / 1000;
  const percent = (from: number, to: number) =>
    seconds > 0 && to >= from ? round((100 * (to - from)) / seconds) : null;
  const percentiles = (stage: PictureStage) => {
    const counted = durationsSince(now.stages[stage], before.stages[stage]);
    const part = (p: number) => {
      const ms = percentileOf(counted, p);
      return ms === null ? null : round(ms);
    };
    return [part(0.5), part(0.9), part(0.99)] as [number | null, number | null, number | null];
  };
  return {
    stages: Object.fromEntries(pictureStages.map((stage) => [stage, percentiles(stage)])),
    numbers: {
      publish: now.publishMs,
      engineCpu: percent(before.engineCpuSeconds, now.engineCpuSeconds),
      daemonCpu: percent(before.daemonCpuSeconds, now.daemonCpuSeconds),
      engineRss: now.engineRssBytes,
      daemonRss: now.daemonRssBytes,
      temperature: now.temperature,
      watts: now.watts,
      clock: now.clockMhz,
    },
    cameras: now.cameras,
  };
}

/** Of all cameras together. */
export function sumOfStages(cameras: readonly Record<PictureStage, DurationCounts>[]): Measured['stages'] {
  const sum = (stage: PictureStage): DurationCounts => {
    const total = noDurations();
    for (const camera of cameras) {
      total.sumMs += camera[stage].sumMs;
      for (const [i, count] of camera[stage].counts.entries()) total.counts[i] = (total.counts[i] ?? 0) + count;
    }
    return total;
  };
  return Object.fromEntries(pictureStages.map((stage) => [stage, sum(stage)])) as Measured['stages'];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
