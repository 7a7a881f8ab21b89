import { fileURLToPath } from 'node:url';
import { runTask } from '../../bench/run-task.js';
import type { Found, Progress, Task } from './measure.js';

const program = fileURLToPath(new URL('./measure.js', import.meta.url));

/** Measures in a process of its own; throws what `runTask` does. */
export function runSearch(
  task: Task,
  onProgress: (round: number, candidates: number, done: number) => void,
): Promise<Found> {
  return runTask<Task, Progress, Found>(program, task, {
    runtime: task.runtime,
    onProgress: ({ round, candidates, done }) => onProgress(round, candidates, done),
  });
}
