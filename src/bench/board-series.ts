import type { Benchmark, Series } from '../contract/benchmark.js';
import type { SensorReadings } from '../device/sensors.js';
import { percentile, sortUp } from '../timing/percentile.js';
import type { PowerSample } from './energy.js';
import type { Measured } from './measure.js';

/** A plot is not wider than this many points. */
const mostPoints = 240;

/** What the board was like while it was measured: parts, temperature and clock over time. */
export class BoardSeries {
  readonly #startedAt = performance.now();
  readonly #parts: Series['parts'] = [];
  readonly #temperature: Series['temperature'] = [];
  readonly #megahertz: Series['megahertz'] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param everyMs no two looks at the sensors are closer than that */
  constructor(
    private readonly sensors: { read(): Promise<SensorReadings> },
    private readonly everyMs: number,
  ) {}

  async part<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const from = this.#seconds(performance.now());
    await this.look();
    const result = await work();
    this.#parts.push({ name, from, to: this.#seconds(performance.now()) });
    return result;
  }

  /** Looks at the sensors from time to time while something else is at work. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const timer = setInterval(() => void this.look(), this.everyMs);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  async look(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < this.everyMs) return;
    this.#lookedAt = now;
    const { temperature, clocks } = await this.sensors.read();
    const at = this.#seconds(now);
    this.#temperature.push([at, temperature.value]);
    const fastest = Math.max(...clocks.map(({ current }) => current.value ?? 0));
    this.#megahertz.push([at, fastest > 0 ? fastest : null]);
  }

  series({ ms, at }: Measured, power: readonly PowerSample[]): Benchmark['series'] {
    return {
      parts: this.#parts,
      latencyMs: chunks(ms.length).map(([from, to]) => {
        const sorted = sortUp(ms.slice(from, to));
        const middle = at[Math.floor((from + to) / 2)] ?? 0;
        return [this.#seconds(middle), percentile(sorted, 0), percentile(sorted, 0.5), percentile(sorted, 1)];
      }),
      temperature: this.#temperature,
      megahertz: this.#megahertz,
      watts: chunks(power.length).map(([from, to]) => {
        const known = power.slice(from, to).flatMap(({ watts }) => watts ?? []);
        const mean = known.length === 0 ? null : known.reduce((total, watts) => total + watts, 0) / known.length;
        return [this.#seconds(power[from]?.at ?? 0), mean];
      }),
    };
  }

  #seconds(at: number): number {
    return Math.round(at - this.#startedAt) / 1000;
  }
}

/** [from, to) of as many equal pieces as a plot has points. */
function chunks(length: number): [number, number][] {
  const count = Math.min(length, mostPoints);
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.floor(((i + 1) * length) / count),
  ]);
}
