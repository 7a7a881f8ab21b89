import { fileURLToPath } from 'node:url';
import { runTask } from '../bench/run-task.js';
import { describeSource } from '../config/address.js';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { ConfigError, exitCodes, MinspnetError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { type Candidate, type Trial, type Tuning, type TuningLimits, tuningVersion } from '../contract/tuning.js';
import { modelPlaces, openStateDirectory } from '../daemon/state-directory.js';
import { readBoard } from '../device/board.js';
import { Sensors } from '../device/sensors.js';
import { tuningKey, writeTuning } from '../device/tuning-file.js';
import { loadModel } from '../model/load.js';
import { tryNetwork } from './doctor/model.js';
import { ProgressBar } from './progress-bar.js';
import { candidatesOf, choose, describe, outside, providersFor } from './tune/candidates.js';
import type { Found, Progress, Task } from './tune/measure.js';

export interface TuneOptions {
  /** The settings file. */
  config?: string | undefined;
  model?: string;
  source: string;
  /** Pictures a second; default: of the fastest camera in the settings, else 10. */
  fps?: number;
  /** ms; default: one picture's time. */
  maxLatency?: number;
  maxWatts?: number;
  /** Per cent of one core. */
  maxCpu?: number;
  /** Of each candidate in the first round. */
  seconds: number;
}

/** `minspnet tune`: how this board runs this model best inside the limits, written down for `run`. */
export async function tune(options: TuneOptions, redactor: Redactor): Promise<number> {
  const bar = new ProgressBar(process.stderr);
  const { path, choice, ...found } = await tuneBoard(options, redactor, {
    onProgress: (round, count, done) => bar.show(`round ${round + 1}, ${count} candidates`, done),
  }).finally(() => bar.end());
  process.stdout.write(table(found.trials, found.limits));
  process.stdout.write(
    `\nchosen: ${describe(choice)}\n${found.why}\nwritten to ${path}; run uses it from its next start on\n`,
  );
  return exitCodes.ok;
}

export interface TuneProgress {
  onProgress?: (round: number, candidates: number, done: number) => void;
  signal?: AbortSignal;
}

/** The same for whoever asks otherwise: all that was written, and where. */
export async function tuneBoard(
  options: TuneOptions,
  redactor: Redactor,
  progress: TuneProgress,
): Promise<Tuning & { path: string }> {
  const { settings } = loadSettings({ file: options.config, redactor });
  const stateDirectory = await openStateDirectory(settings.stateDirectory);
  const content = await findTuning(options, settings, redactor, progress);
  return { ...content, path: await writeTuning(stateDirectory, content) };
}

/** What would be written. */
export async function findTuning(
  options: Omit<TuneOptions, 'config'>,
  settings: Settings,
  redactor: Redactor,
  { onProgress = () => {}, signal }: TuneProgress,
): Promise<Tuning> {
  redactor.addSettings(options.source, []);
  const { runtime } = settings;
  const limits = limitsOf(options, Object.values(settings.cameras));
  const name = options.model ?? settings.model.path;
  const load = (precision: Candidate['precision']) => loadModel(name, precision, 'detect', modelPlaces(settings));
  const fp32 = await load('fp32');
  const models: Partial<Record<Candidate['precision'], VerifiedModel>> = { fp32 };
  if (fp32.card.files.int8 !== undefined) models.int8 = await load('int8');
  await requirePower(limits);
  const board = await readBoard();
  const key = tuningKey(board, fp32.card, runtime);
  const loaded = await tryNetwork(fp32, runtime);
  if ('error' in loaded) throw new MinspnetError(loaded.error.code, loaded.error.exit, loaded.error.message);
  const providers = providersFor(loaded.provider.active, runtime.provider);
  const candidates = candidatesOf(fp32.card, board.cpu.cores || 1, providers);
  const task = { candidates, models, runtime, source: options.source, limits, seconds: options.seconds };
  const { trials, power } = await runSearch(task, onProgress, signal);
  const { choice, why } = choose(trials, limits);
  const { precision, size, threads, spinning, provider } = choice;
  const at = new Date().toISOString();
  const source = describeSource(options.source);
  const chosen = { precision, size, threads, spinning, provider };
  return { tuningVersion, at, key, source, limits, power, choice: chosen, why, trials };
}

function limitsOf(options: TuneOptions, cameras: readonly { fps: number }[]): TuningLimits {
  const fps = options.fps ?? (Math.max(0, ...cameras.map((camera) => camera.fps)) || 10);
  return {
    fps,
    latencyMs: options.maxLatency ?? 1000 / fps,
    ...(options.maxWatts !== undefined && { watts: options.maxWatts }),
    ...(options.maxCpu !== undefined && { cpuPercent: options.maxCpu }),
  };
}

/** A limit that nobody can check is none. */
async function requirePower({ watts }: TuningLimits): Promise<void> {
  if (watts === undefined) return;
  const { source } = await (await Sensors.find()).power();
  if (source !== 'none') return;
  const what = 'this board measures no power, so --max-watts can’t be kept. Leave it out, or add an INA219 or INA226.';
  throw new ConfigError('ERR_CONFIG_LIMITS', 'usage', what);
}

function table(trials: readonly Trial[], limits: TuningLimits): string {
  const lines = trials
    .toSorted((a, b) => b.round - a.round || a.cpuPercent - b.cpuPercent)
    .map((trial) => {
      const watts = trial.watts === null ? 'not measured' : `${trial.watts.toFixed(2)} W`;
      const verdict = trial.refused ?? outside(trial, limits) ?? 'inside the limits';
      const latency = `${trial.meanMs.toFixed(2).padStart(7)} ${`${trial.latencyMs.toFixed(2)} (${trial.latencyOf})`.padEnd(15)}`;
      const cpu = trial.cpuPercent.toFixed(1).padStart(6);
      return `${describe(trial).padEnd(42)} ${String(trial.samples).padStart(5)} ${latency} ${cpu} ${(trial.ap?.toFixed(4) ?? '?').padStart(6)}  ${watts}  ${verdict}`;
    });
  const head = `${'candidate'.padEnd(42)}     n mean ms latency ms       cpu %     AP  power  verdict`;
  return `${[head, ...lines].join('\n')}\n`;
}

const program = fileURLToPath(new URL('./tune/measure.js', import.meta.url));

/** Measures in a process of its own; throws what `runTask` does. */
export function runSearch(
  task: Task,
  onProgress: (round: number, candidates: number, done: number) => void,
  signal?: AbortSignal,
): Promise<Found> {
  return runTask<Task, Progress, Found>(program, task, {
    runtime: task.runtime,
    signal,
    onProgress: ({ round, candidates, done }) => onProgress(round, candidates, done),
  });
}
