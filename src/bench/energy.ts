import type { Energy } from '../contract/benchmark.js';
import type { PowerReading } from '../device/reading.js';

/** What a power sensor said. */
export interface PowerSample {
  /** `performance.now()`, milliseconds. */
  at: number;
  /** Null: it said nothing. */
  watts: number | null;
  /** Of a counter of energy: `watts` is the mean over so long before `at`, milliseconds. */
  overMs?: number | undefined;
}

export interface Integral {
  joules: number;
  /** The time that samples cover. */
  seconds: number;
  peakWatts: number;
  samples: number;
}

/** From when to when, as {@link PowerSample.at}. */
export interface Window {
  from: number;
  to: number;
}

/** Means over shorter times say more about when a counter is moved on than about the board. Milliseconds. */
const shortestPeakMs = 20;

/**
 * The energy inside a window. A counter's means are added up for as long as they were taken inside. Momentary values are
 * integrated by the trapezoid rule, those inside the window only: what the board takes just before and after belongs to
 * other work, so the power at the window's ends is that of the nearest value inside. Where the sensor said nothing,
 * nothing is added and no time is covered: a gap is never bridged.
 */
export function integrate(samples: readonly PowerSample[], { from, to }: Window): Integral {
  const result: Integral = { joules: 0, seconds: 0, peakWatts: 0, samples: 0 };
  const isInside = ({ at }: PowerSample) => at >= from && at <= to;
  for (const sample of samples) {
    const { watts, overMs = shortestPeakMs } = sample;
    if (watts === null || !isInside(sample)) continue;
    result.samples += 1;
    if (overMs >= shortestPeakMs) result.peakWatts = Math.max(result.peakWatts, watts);
  }
  const add = (meanWatts: number, start: number, end: number) => {
    const seconds = Math.max(0, Math.min(end, to) - Math.max(start, from)) / 1000;
    result.joules += meanWatts * seconds;
    result.seconds += seconds;
  };
  for (const [i, b] of samples.entries()) {
    if (b.watts !== null && b.overMs !== undefined) add(b.watts, b.at - b.overMs, b.at);
    const a = samples[i - 1];
    if (a === undefined || a.watts === null || b.watts === null || b.overMs !== undefined || b.at <= a.at) continue;
    if (isInside(a) && isInside(b)) add((a.watts + b.watts) / 2, a.at, b.at);
    else if (isInside(b)) add(b.watts, a.at, b.at);
    else if (isInside(a)) add(a.watts, a.at, b.at);
  }
  return result;
}

/** Several windows as one. */
export function integrateAll(samples: readonly PowerSample[], windows: readonly Window[]): Integral {
  return windows
    .map((window) => integrate(samples, window))
    .reduce(
      (total, part) => ({
        joules: total.joules + part.joules,
        seconds: total.seconds + part.seconds,
        peakWatts: Math.max(total.peakWatts, part.peakWatts),
        samples: total.samples + part.samples,
      }),
      { joules: 0, seconds: 0, peakWatts: 0, samples: 0 },
    );
}

/** Less of a window than this seen by the sensor is no measurement. */
const leastCovered = 0.9;
/** Nor are fewer samples. */
const fewestSamples = 4;

/**
 * Energy of so many inferences in some windows, gross and above what the board takes when idle.
 *
 * @param sensor null: there is none, and `why` says so
 */
export function energyOf(
  samples: readonly PowerSample[],
  work: { windows: readonly Window[]; count: number },
  idle: Window,
  sensor: { source: string; scope: string; why?: string | undefined },
): Energy {
  if (sensor.source === 'none') return notMeasured('this board has no power sensor that we know');
  const used = integrateAll(samples, work.windows);
  const baseline = integrate(samples, idle);
  const wanted = work.windows.reduce((total, { from, to }) => total + (to - from) / 1000, 0);
  const said = sensor.why === undefined ? '' : `: ${sensor.why}`;
  if (work.count === 0) return notMeasured('nothing was done in that time');
  if (used.samples < fewestSamples || used.seconds < leastCovered * wanted) {
    return notMeasured(`${sensor.source} gave ${used.samples} values in ${wanted.toFixed(1)} s${said}`);
  }
  if (baseline.samples < fewestSamples) {
    return notMeasured(`${sensor.source} gave ${baseline.samples} values while the board was idle${said}`);
  }
  const meanWatts = used.joules / used.seconds;
  const idleWatts = baseline.joules / baseline.seconds;
  // Per inference of the whole windows; what the sensor missed at their ends is taken at the mean.
  const secondsEach = wanted / work.count;
  return {
    measured: true,
    source: sensor.source,
    scope: sensor.scope,
    samples: used.samples,
    hertz: used.samples / wanted,
    meanWatts,
    peakWatts: used.peakWatts,
    idleWatts,
    joules: meanWatts * secondsEach,
    joulesAboveIdle: (meanWatts - idleWatts) * secondsEach,
  };
}

function notMeasured(why: string): Energy {
  return { measured: false, why };
}

/** Writes down what the board takes, at a steady rate. Timers come late while a network computes; each sample has its time. */
export class PowerLog implements AsyncDisposable {
  readonly samples: PowerSample[] = [];
  /** The last reading: source, scope, and why there is nothing. */
  sensor: PowerReading | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(private readonly read: () => Promise<PowerReading>) {}

  /** Samples now and then every so often; {@link pause} ends it. */
  start(intervalMs: number): void {
    this.pause();
    void this.sample();
    this.#timer = setInterval(() => void this.sample(), intervalMs);
  }

  /** One sample; no second one is begun while a slow sensor still thinks. */
  sample(): Promise<void> {
    this.#reading ??= this.#take().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  async #take(): Promise<void> {
    const before = performance.now();
    const reading = await this.read();
    this.sensor = reading;
    // A reading that took long is of some time in between.
    this.samples.push({ at: (before + performance.now()) / 2, watts: reading.value, overMs: reading.overMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pause();
    await this.#reading;
  }
}
