import { ConfigError } from '../../contract/errors.js';
import type { Candidate, Trial, TuningLimits } from '../../contract/tuning.js';

/** Average precision by which two sizes of a network are told apart: less is within the card's own noise. */
const sameAp = 0.005;

/** Why a trial is outside the limits; undefined when it is inside. */
export function outside(trial: Trial, limits: TuningLimits): string | undefined {
  const { meanMs, latencyMs, latencyOf, cpuPercent, watts } = trial;
  const reasons: string[] = [];
  if (meanMs * limits.fps > 1000) reasons.push(`${meanMs.toFixed(1)} ms are too slow for ${limits.fps} fps`);
  if (latencyMs > limits.latencyMs) reasons.push(`${latencyOf} ${latencyMs.toFixed(1)} ms > ${limits.latencyMs} ms`);
  if (limits.cpuPercent !== undefined && cpuPercent > limits.cpuPercent) {
    reasons.push(`${cpuPercent.toFixed(1)} % CPU > ${limits.cpuPercent} %`);
  }
  if (limits.watts !== undefined && watts === null) reasons.push('its power could not be measured');
  if (limits.watts !== undefined && watts !== null && watts > limits.watts) {
    reasons.push(`${watts.toFixed(2)} W > ${limits.watts} W`);
  }
  return reasons.length === 0 ? undefined : reasons.join(', ');
}

/** Best first: inside the limits, then the more accurate, then the less CPU (heat, battery), then the faster. */
export function rank(trials: readonly Trial[], limits: TuningLimits): Trial[] {
  const allowed = trials.filter(({ refused }) => refused === undefined);
  const inside = allowed.filter((trial) => outside(trial, limits) === undefined);
  const bestAp = Math.max(...inside.map(({ ap }) => ap ?? 0));
  const isAccurate = (trial: Trial) => (trial.ap ?? 0) >= bestAp - sameAp;
  const byCost = (a: Trial, b: Trial) => a.cpuPercent - b.cpuPercent || a.meanMs - b.meanMs;
  const byAccuracy = (a: Trial, b: Trial) => (b.ap ?? 0) - (a.ap ?? 0) || byCost(a, b);
  return [
    ...inside.filter(isAccurate).toSorted(byCost),
    ...inside.filter((trial) => !isAccurate(trial)).toSorted(byAccuracy),
    ...allowed.filter((trial) => !inside.includes(trial)).toSorted((a, b) => a.meanMs - b.meanMs),
  ];
}

/**
 * INT8 has to earn its place: refused where it is not faster than FP32 run the same way at the same time.
 *
 * @returns the same trials, some with `refused`
 */
export function refuseSlowInt8(trials: readonly Trial[]): Trial[] {
  return trials.map((one) => {
    if (one.precision !== 'int8' || one.refused !== undefined) return one;
    const twin = trials.find((other) => other.precision === 'fp32' && isSame({ ...other, precision: 'int8' }, one));
    if (twin === undefined || one.meanMs < twin.meanMs) return one;
    return {
      ...one,
      refused: `INT8 is not faster here: ${one.meanMs.toFixed(2)} ms, FP32 ${twin.meanMs.toFixed(2)} ms`,
    };
  });
}

export function isSame(a: Candidate, b: Candidate): boolean {
  return describe(a) === describe(b);
}

export function describe({ precision, size, threads, spinning, provider }: Candidate): string {
  const many = `${threads} thread${threads === 1 ? '' : 's'}`;
  return `${precision} ${size.join('x')}, ${many}${spinning ? ' spinning' : ''}, ${provider}`;
}

/** @throws {ConfigError} ERR_CONFIG_LIMITS when nothing is inside the limits */
export function choose(trials: readonly Trial[], limits: TuningLimits): { choice: Trial; why: string } {
  const [choice] = rank(trials, limits);
  const reason = choice === undefined ? 'nothing may run' : outside(choice, limits);
  if (choice === undefined || reason !== undefined) {
    const nearest = choice === undefined ? '' : ` The fastest, ${describe(choice)}: ${reason}.`;
    const what = `no way to run this model is inside the limits.${nearest} Allow more, or name a smaller model.`;
    throw new ConfigError('ERR_CONFIG_LIMITS', 'usage', what);
  }
  const accuracy = choice.ap === null ? 'the card tells no accuracy' : `AP ${choice.ap.toFixed(3)} by the card`;
  const power = choice.watts === null ? 'power not measured' : `${choice.watts.toFixed(2)} W`;
  const figures = `mean ${choice.meanMs.toFixed(2)} ms, ${choice.latencyOf} ${choice.latencyMs.toFixed(2)} ms`;
  const why = `the least CPU of what is inside the limits and within ${sameAp} AP of the most accurate`;
  return {
    choice,
    why: `${why}: ${figures}, ${choice.cpuPercent.toFixed(1)} % of a core at ${limits.fps} fps, ${power}, ${accuracy}`,
  };
}
