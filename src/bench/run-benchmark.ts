import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkSummary } from '../contract/benchmark.js';
import type { Throttling } from '../device/thermal.js';
import type { BenchmarkOptions } from './benchmark.js';
import { runTask, type TaskOptions } from './run-task.js';

export type BenchmarkTask = Omit<BenchmarkOptions, 'onProgress'>;
export interface BenchmarkProgress {
  part: string;
  /** 0..1 */
  done: number;
}

const program = fileURLToPath(new URL('./benchmark-program.js', import.meta.url));

/** {@link benchmark} in a process of its own; this one loads no native code for it. Throws what `runTask` does. */
export function runBenchmark(
  task: BenchmarkTask,
  options: Omit<TaskOptions<BenchmarkProgress>, 'runtime'>,
): Promise<Benchmark> {
  return runTask(program, task, { ...options, runtime: task.runtime });
}

/** The figures by which boards are compared. */
export function summarise(result: Benchmark): BenchmarkSummary {
  const [model] = result.models;
  if (model === undefined) throw new TypeError('no model');
  const { name, version, precision, sha256 } = model;
  const degrees = ({ temperature: { value } }: Benchmark['before']) => (typeof value === 'number' ? value : null);
  const throttling = result.after.throttling.value as Throttling | null;
  return {
    benchmarkVersion: result.benchmarkVersion,
    at: result.at,
    version: result.version,
    board: result.board.model,
    model: { name, version, precision, sha256 },
    input: model.input,
    provider: model.provider,
    threads: result.runtime.threads,
    inferenceMs: model.inferenceMs,
    fps: result.daemon.fps,
    cpuPercent: result.daemon.cpuPercent.both,
    peakRssBytes: result.daemon.peakRssBytes.both,
    captureToPublishMs: result.daemon.captureToPublishMs,
    energy: result.daemon.energy,
    temperature: { before: degrees(result.before), after: degrees(result.after) },
    throttled: throttling?.now.throttled ?? null,
    load: result.before.load,
  };
}
