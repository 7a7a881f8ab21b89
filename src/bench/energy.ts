import type { Energy } from '../contract/benchmark.js';

/** What a power sensor said. */
export interface PowerSample {
  /** `performance.now()`, milliseconds. */
  at: number;
  /** Null: it said nothing. */
  watts: number | null;
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

/**
 * The energy inside a window by the trapezoid rule, with the power at the window's ends interpolated. Where the sensor
 * said nothing, nothing is added and no time is covered: a gap is never bridged.
 */
export function integrate(samples: readonly PowerSample[], { from, to }: Window): Integral {
  const result: Integral = { joules: 0, seconds: 0, peakWatts: 0, samples: 0 };
  for (const { at, watts } of samples) {
    if (watts === null || at < from || at > to) continue;
    result.samples += 1;
    result.peakWatts = Math.max(result.peakWatts, watts);
  }
  for (let i = 1; i < samples.length; i += 1) {
    const [a, b] = [samples[i - 1], samples[i]] as [PowerSample, PowerSample];
    if (a.watts === null || b.watts === null || b.at <= a.at) continue;
    const start = Math.max(a.at, from);
    const end = Math.min(b.at, to);
    if (end <= start) continue;
    const slope = (b.watts - a.watts) / (b.at - a.at);
    const middle = a.watts + slope * ((start + end) / 2 - a.at); // of a straight line, the mean
    result.joules += (middle * (end - start)) / 1000;
    result.seconds += (end - start) / 1000;
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
