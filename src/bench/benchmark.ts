import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { env } from 'onnxruntime-node';
import { describeSource } from '../config/address.js';
import type { RuntimeSettings } from '../config/schema.js';
import { type Benchmark, benchmarkVersion, type ModelResult } from '../contract/benchmark.js';
import type { Task, VerifiedModel } from '../contract/model-card.js';
import { readBoard } from '../device/board.js';
import { readMachine } from '../device/machine.js';
import { type SensorReadings, Sensors } from '../device/sensors.js';
import { stages } from '../pipeline/stage-clock.js';
import { percentile, sortUp } from '../timing/percentile.js';
import { BoardSeries } from './board-series.js';
import { type DaemonRun, measureDaemon } from './daemon-run.js';
import { energyOf, PowerLog, type Window } from './energy.js';
import { cpuMsPerStep, type Measured, measureInTurns, turnMeans } from './measure.js';
import { NetworkSubject } from './network-subject.js';
import { measureStages, type StageSamples } from './stages.js';
import { distribution, histogram, sum } from './statistics.js';

export interface BenchmarkOptions {
  /** Of ours. */
  version: string;
  /** The first one is what the daemon runs with, and what the others, of any task, are compared with. */
  models: readonly [VerifiedModel, ...VerifiedModel<Task>[]];
  runtime: RuntimeSettings;
  size?: [number, number] | undefined;
  /** As a camera's `source`. */
  source: string;
  /** Of each part: the networks, the stages, the daemon. */
  seconds: number;
  /** Pictures a second, at most; as fast as possible where it is not given. */
  fps?: number | undefined;
  /** By default the daemon's own. */
  broker?: string | undefined;
  /** @param done 0..1, of the part */
  onProgress?: (part: string, done: number) => void;
}

const powerMs = 100;
/** Reading all sensors costs a Raspberry Pi a process, so it is not done at every turn. */
const seriesMs = 1000;
/** Of the idle baseline, seconds. */
const idle = { least: 3, most: 15 };

/**
 * Measures this board: the networks in turns, the stages of one picture, and the whole daemon through a broker.
 *
 * @throws {ModelError} {@link SourceError} when a model or the source can't be used
 * @throws {MinspnetError} ERR_BENCH_DAEMON when the daemon can't be measured
 */
export async function benchmark(options: BenchmarkOptions): Promise<Benchmark> {
  const { runtime, source, seconds, fps } = options;
  const [board, machine, sensors] = [await readBoard(), await readMachine(), await Sensors.find()];
  const before = await sensors.read();
  await using power = new PowerLog(() => sensors.power());
  const series = new BoardSeries(sensors, seriesMs);
  const baseline = await series.part('idle', () => measureIdle(power, before, options));
  const networks = await series.part('networks', () => measureNetworks(power, series, options));
  const staged = await series.part('stages', () => measurePictures(options));
  const daemon = await series.part('daemon', async () => {
    power.start(powerMs);
    const run = await series.during(() =>
      measureDaemon({
        ...options,
        model: options.models[0],
        size: [staged.input.width, staged.input.height],
        onProgress: (done) => options.onProgress?.('daemon', done),
      }),
    );
    power.pause();
    return run;
  });
  const after = await sensors.read();
  const sensor = power.sensor ?? before.power;
  const energy = (windows: readonly Window[], count: number) =>
    energyOf(power.samples, { windows, count }, baseline, sensor);
  return {
    benchmarkVersion,
    at: new Date().toISOString(),
    version: options.version,
    board: {
      model: board.model,
      ...(board.soc !== undefined && { soc: board.soc }),
      cpu: cpuName(board.cpu.kinds),
      cores: board.cpu.cores,
      memoryBytes: board.memoryBytes,
      os: board.os.name,
      kernel: machine.kernel,
      virtualHost: machine.virtualHost ?? null,
    },
    runtime: {
      node: process.version,
      onnxruntime: env.versions.node ?? env.versions.common,
      threads: runtime.threads,
      spinning: runtime.spinning,
    },
    source: { name: describeSource(source), ...facts(staged) },
    durationSeconds: seconds,
    rate: fps ?? 'max',
    before: boardState(before),
    after: boardState(after),
    models: networks.map(({ about, measured }) => ({
      ...about,
      ...modelFigures(measured, first(networks).measured),
      energy: energy(measured.turns, measured.ms.length),
    })),
    stages: stageResults(staged),
    daemon: { ...daemonFigures(daemon), energy: energy([daemon.window], daemon.pictures) },
    series: series.series(first(networks).measured, power.samples),
  };
}

/** What the board takes when it has nothing to do. */
async function measureIdle(power: PowerLog, before: SensorReadings, options: BenchmarkOptions): Promise<Window> {
  const from = performance.now();
  if (before.power.source === 'none') return { from, to: from };
  const ms = 1000 * Math.max(idle.least, Math.min(idle.most, options.seconds / 4));
  power.start(powerMs);
  for (let now = from; now - from < ms; now = performance.now()) {
    options.onProgress?.('idle', (now - from) / ms);
    await sleep(Math.min(250, ms));
  }
  return { from, to: performance.now() };
}

type About = Omit<ModelResult, 'warmUp' | 'inferenceMs' | 'histogram' | 'cpuMs' | 'ratio' | 'energy'>;

async function measureNetworks(
  power: PowerLog,
  series: BoardSeries,
  { models, runtime, size, source, seconds, fps, onProgress }: BenchmarkOptions,
): Promise<{ about: About; measured: Measured }[]> {
  const subjects: NetworkSubject<Task>[] = [];
  try {
    for (const model of models) {
      // Only the first one's size can be chosen: others may have been made for one size.
      const own = subjects.length === 0 ? size : undefined;
      subjects.push(await NetworkSubject.open({ model, runtime, source, size: own }));
    }
    power.start(powerMs);
    const results = await measureInTurns(subjects, {
      seconds,
      ...(fps !== undefined && { fps }),
      between: async () => {
        await series.look();
        await power.sample();
      },
      onProgress: (done) => onProgress?.('networks', done),
    });
    return results.map((measured, i) => ({ about: about(subjects[i] as NetworkSubject<Task>), measured }));
  } finally {
    power.pause();
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
  }
}

function about({ name, model, input, loadMs, provider }: NetworkSubject<Task>): About {
  const { card, precision, sha256 } = model;
  return { name, version: card.version, precision, sha256, input: [input.width, input.height], provider, loadMs };
}

function measurePictures(options: BenchmarkOptions): Promise<StageSamples> {
  return measureStages({
    ...options,
    model: options.models[0],
    onProgress: (done) => options.onProgress?.('stages', done),
  });
}

function modelFigures(measured: Measured, base: Measured) {
  return {
    warmUp: measured.warmUp,
    inferenceMs: distribution(measured.ms),
    histogram: histogram(measured.ms),
    cpuMs: cpuMsPerStep(measured),
    ratio: measured === base ? null : ratio(measured, base),
  };
}

/** Of mean latencies, round by round: what disturbs a round disturbs both. */
export function ratio(measured: Measured, base: Measured): NonNullable<ModelResult['ratio']> {
  const own = turnMeans(measured);
  const ratios = sortUp(turnMeans(base).map((mean, i) => (own[i] ?? Number.NaN) / mean));
  const at = (p: number) => percentile(ratios, p);
  return { to: base.name, rounds: ratios.length, median: at(0.5), low: at(0.25), high: at(0.75) };
}

function stageResults({ samples, cpuMs }: StageSamples): Benchmark['stages'] {
  const all = sum(Object.values(cpuMs));
  return stages.map((name) => ({
    name,
    wallMs: distribution(samples[name]),
    cpuShare: all > 0 ? cpuMs[name] / all : null,
  }));
}

function daemonFigures(run: DaemonRun): Omit<Benchmark['daemon'], 'energy'> {
  const seconds = (run.window.to - run.window.from) / 1000;
  const percent = (cpu: number) => (100 * cpu) / seconds;
  const { engine, daemon } = run.cpuSeconds;
  return {
    broker: run.broker,
    fps: run.pictures / seconds,
    pictures: run.pictures,
    skipped: run.skipped,
    decodeErrors: run.decodeErrors,
    coldStartMs: { ready: run.readyMs, firstResult: run.firstResultMs },
    peakRssBytes: { ...run.peakRssBytes, both: run.peakRssBytes.engine + run.peakRssBytes.daemon },
    cpuPercent: { engine: percent(engine), daemon: percent(daemon), both: percent(engine + daemon) },
    captureToPublishMs: distribution(run.captureToPublishMs),
    eventsMs: distribution(run.eventsMs),
    inferenceMs: distribution(run.inferenceMs),
    addedMs: distribution(run.captureToPublishMs.map((ms, i) => ms - (run.inferenceMs[i] ?? Number.NaN))),
    histogram: histogram(run.captureToPublishMs),
  };
}

function boardState({ power: _, ...readings }: SensorReadings): Benchmark['before'] {
  return { ...readings, load: loadavg()[0] ?? 0 };
}

function facts({ facts: { width, height, fps } }: StageSamples): { width: number; height: number; fps: number } {
  return { width, height, fps };
}

function cpuName(kinds: readonly { name: string; count: number }[]): string {
  const named = kinds.map(({ name, count }) => `${count} x ${name}`).join(' + ');
  return named || cpus()[0]?.model.trim() || 'unknown';
}

function first<Value>(values: readonly Value[]): Value {
  if (values[0] === undefined) throw new TypeError('no model');
  return values[0];
}
