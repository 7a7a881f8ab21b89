import { writeFileSync } from 'node:fs';
import { asMinspnetError, type SerialisedError } from '../contract/errors.js';

/** What a program that measures says to whoever started it: progress, then one of the others. */
export type Answer<Progress, Result> =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'result'; result: Result }
  | { kind: 'error'; error: SerialisedError };

/** More often would cost time that is being measured. */
const progressMs = 100;

/** A program's whole life: it is sent one task, does it, says how it ended, and waits to be ended. See `runTask`. */
export function serveTask<Task, Progress, Result>(
  work: (task: Task, onProgress: (progress: Progress) => void) => Promise<Result>,
): void {
  const answer = (message: Answer<Progress, Result>) => process.send?.(message);
  let saidAt = Number.NEGATIVE_INFINITY;
  const onProgress = (progress: Progress) => {
    const now = performance.now();
    if (now - saidAt < progressMs) return;
    saidAt = now;
    answer({ kind: 'progress', progress });
  };
  // Nobody is left to end what was started here.
  process.once('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
  process.once('message', async (task: Task) => {
    goesFirst();
    try {
      answer({ kind: 'result', result: await work(task, onProgress) });
    } catch (error) {
      answer({ kind: 'error', error: asMinspnetError(error).serialise() });
    }
  });
}

/** Where memory runs out, the kernel shall end this program and what it starts, not the daemon that may run beside it. */
function goesFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // No such file here: then the kernel chooses as ever.
  }
}
