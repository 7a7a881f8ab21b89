import type { Benchmark } from '../contract/benchmark.js';
import { keepLibraryFromChildren } from '../device/runtime-library.js';
import { benchmark } from './benchmark.js';
import type { BenchmarkProgress, BenchmarkTask } from './run-benchmark.js';
import { serveTask } from './run-task.js';

serveTask<BenchmarkTask, BenchmarkProgress, Benchmark>((task, onProgress) => {
  keepLibraryFromChildren(task.runtime); // the daemon that is measured gives it to its engine
  return benchmark({ ...task, onProgress: (part, done) => onProgress({ part, done }) });
});
