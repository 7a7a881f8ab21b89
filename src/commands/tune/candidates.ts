import type { RuntimeSettings } from '../../config/schema.js';
import { ConfigError } from '../../contract/errors.js';
import type { ModelCard, Precision } from '../../contract/model-card.js';
import type { Candidate, Trial, TuningLimits } from '../../contract/tuning.js';

/** All ways to run a model on this board; INT8 stands beside its FP32 twin, so that they are measured in turns. */
export function candidatesOf(card: ModelCard, cores: number, providers: readonly Candidate['provider'][]): Candidate[] {
  const sizes = card.input.fixed ? [card.input.fixed] : card.input.sizes;
  const precisions = (['fp32', 'int8'] as const).filter((precision) => card.files[precision] !== undefined);
  const candidates: Candidate[] = [];
  for (const provider of providers) {
    for (const threads of provider === 'cpu' ? threadCounts(cores) : [1]) {
      // One thread has nobody to wait for.
      for (const spinning of threads > 1 ? [false, true] : [false]) {
        for (const size of sizes) {
          for (const precision of precisions) candidates.push({ precision, size, threads, spinning, provider });
        }
      }
    }
  }
  return candidates;
}

/** 1, 2, 4 … and all. */
function threadCounts(cores: number): number[] {
  const counts = [cores];
  for (let threads = 1; threads < cores; threads *= 2) counts.push(threads);
  return counts.sort((a, b) => a - b);
}

/** By the card, on the first set that it was measured on; null where it says nothing of this size and precision. */
export function apOf({ accuracy }: ModelCard, size: readonly [number, number], precision: Precision): number | null {
  const set = accuracy?.[0]?.set;
  const found = accuracy?.find(
    (one) => one.set === set && one.precision === precision && one.size[0] === size[0] && one.size[1] === size[1],
  );
  return found?.ap ?? null;
}

/** Why INT8 may not run at this size by what the card measured; undefined when it may, or the card says nothing. */
export function tooInaccurate(card: ModelCard, { precision, size }: Candidate): string | undefined {
  if (precision !== 'int8') return undefined;
  const [fp32, int8] = [apOf(card, size, 'fp32'), apOf(card, size, 'int8')];
  if (fp32 === null || int8 === null || fp32 - int8 <= card.maxInt8ApLoss) return undefined;
  return `INT8 loses ${(fp32 - int8).toFixed(4)} AP at ${size.join('x')}, the card allows ${card.maxInt8ApLoss}`;
}

/** The providers that are worth a try: `cpu`, and what the settings ask for and runs. */
export function providersFor(
  active: Candidate['provider'],
  asked: RuntimeSettings['provider'],
): Candidate['provider'][] {
  if (asked !== 'auto' || active === 'cpu') return [active];
  return ['cpu', active];
}

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
