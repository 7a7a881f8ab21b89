import { integrateAll, PowerLog } from '../../bench/energy.js';
import { cpuMsPerStep, type Measured, measureInTurns } from '../../bench/measure.js';
import { NetworkSubject } from '../../bench/network-subject.js';
import { provenPercentile } from '../../bench/statistics.js';
import type { RuntimeSettings } from '../../config/schema.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import type { Candidate, Trial, TuningLimits } from '../../contract/tuning.js';
import type { Sensors } from '../../device/sensors.js';
import { sortUp } from '../../timing/percentile.js';
import { apOf, describe, rank, refuseSlowInt8, tooInaccurate } from './candidates.js';

export interface SearchOptions {
  candidates: readonly Candidate[];
  /** The model's file by precision. */
  models: Partial<Record<Candidate['precision'], VerifiedModel>>;
  runtime: RuntimeSettings;
  source: string;
  limits: TuningLimits;
  /** Of each candidate in the first round; twice as long in each round after it. */
  seconds: number;
  sensors: Sensors;
  /** 0..1 of the round. */
  onProgress: (round: number, candidates: number, done: number) => void;
}

/** So many sessions are open at a time: a small board has no memory for more. Even, so that twins stay together. */
const batch = 6;
/** Halving ends with so many left. */
const last = 2;
const powerMs = 100;

/** Successive halving: all are measured briefly, the better half twice as long, and so on. */
export async function search(options: SearchOptions): Promise<Trial[]> {
  const { limits } = options;
  const done = new Map<string, Trial>();
  let left = [...options.candidates];
  const note = (trials: readonly Trial[]) => {
    for (const trial of trials) done.set(describe(trial), trial);
  };
  for (let round = 0; ; round += 1) {
    const trials = refuseSlowInt8(await measureRound(left, round, options));
    note(trials);
    if (left.length <= last) return [...done.values()];
    left = rank(trials, limits).slice(0, Math.max(last, Math.ceil(left.length / 2)));
    if (left.length === 0) return [...done.values()];
  }
}

async function measureRound(candidates: readonly Candidate[], round: number, options: SearchOptions): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (let at = 0; at < candidates.length; at += batch) {
    const some = candidates.slice(at, at + batch);
    const progress = (done: number) => {
      options.onProgress(round, candidates.length, (at + done * some.length) / candidates.length);
    };
    trials.push(...(await measureBatch(some, round, options, progress)));
  }
  return trials;
}

async function measureBatch(
  candidates: readonly Candidate[],
  round: number,
  options: SearchOptions,
  onProgress: (done: number) => void,
): Promise<Trial[]> {
  const { models, runtime, source, limits, sensors } = options;
  await using power = new PowerLog(() => sensors.power());
  const opened: NetworkSubject[] = [];
  try {
    for (const { precision, size, threads, spinning, provider } of candidates) {
      const model = models[precision];
      if (model === undefined) throw new TypeError(`the model has no ${precision} file`);
      opened.push(
        await NetworkSubject.open({ model, runtime: { ...runtime, threads, spinning, provider }, size, source }),
      );
    }
    power.start(powerMs);
    const seconds = options.seconds * candidates.length * 2 ** round;
    const measured = await measureInTurns(opened, { seconds, fps: limits.fps, onProgress });
    power.pause();
    return candidates.map((candidate, i) => {
      return toTrial(candidate, round, opened[i] as NetworkSubject, measured[i] as Measured, power, limits);
    });
  } finally {
    for (const subject of opened) await subject[Symbol.asyncDispose]();
  }
}

function toTrial(
  { precision, size, threads, spinning, provider }: Candidate,
  round: number,
  subject: NetworkSubject,
  measured: Measured,
  power: PowerLog,
  { fps }: TuningLimits,
): Trial {
  const sorted = sortUp(measured.ms);
  const [p90, p99] = [provenPercentile(sorted, 0.9), provenPercentile(sorted, 0.99)];
  const meanMs = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  const { joules, seconds } = integrateAll(power.samples, measured.turns);
  const candidate: Candidate = { precision, size, threads, spinning, provider };
  const { active, reason } = subject.provider;
  const fallen = active === provider ? undefined : `${provider} does not run here: ${reason ?? active}`;
  const refused = fallen ?? tooInaccurate(subject.model.card, candidate);
  return {
    ...candidate,
    round,
    samples: sorted.length,
    meanMs,
    latencyMs: p99 ?? p90 ?? sorted.at(-1) ?? Number.NaN,
    latencyOf: p99 !== null ? 'p99' : p90 !== null ? 'p90' : 'max',
    cpuPercent: (cpuMsPerStep(measured) * fps) / 10,
    watts: seconds > 0 ? joules / seconds : null,
    ap: apOf(subject.model.card, size, precision),
    ...(refused !== undefined && { refused }),
  };
}
