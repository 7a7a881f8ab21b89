import { fileURLToPath } from 'node:url';
import type { Benchmark } from '../contract/benchmark.js';
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
