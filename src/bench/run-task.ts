import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeSettings } from '../config/schema.js';
import { asMinspnetError, EngineError, MinspnetError, type SerialisedError } from '../contract/errors.js';
import { libraryEnvironment } from '../device/runtime-library.js';

export interface TaskOptions<Progress> {
  runtime: Pick<RuntimeSettings, 'library'>;
  onProgress?: (progress: Progress) => void;
  /** It may take so long, milliseconds. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What says nothing for so long hangs. TensorRT builds an engine in that time, even on a small board. */
const silenceMs = 600_000;
/** A process that was killed is gone in milliseconds, unless the kernel itself waits for a device. */
const goneMs = 500;

/**
 * Has a program do a task in a process of its own, which has the library that the settings name from its start on.
 * It and all that it starts are one process group, with a folder of their own for temporary files; when this returns,
 * however that comes, both are gone. No pipe lies between, so nothing waits for one to be closed.
 *
 * @param program one that calls `serveTask`
 * @throws {MinspnetError} what the program says; ERR_ENGINE_MEASURE when it dies, hangs or takes too long
 * @throws the signal's reason
 */
export async function runTask<Task, Progress, Result>(
  program: string,
  task: Task,
  { runtime, ...options }: TaskOptions<Progress>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-measure-'));
  const env = { ...libraryEnvironment(runtime), TMPDIR: folder, NOTIFY_SOCKET: undefined }; // it is no service of systemd's
  try {
    options.signal?.throwIfAborted();
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    const child = fork(program, { serialization: 'advanced', env, detached: true, stdio: [...stdio] });
    try {
      return await answerOf<Task, Progress, Result>(child, task, options);
    } finally {
      await endGroup(child);
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function answerOf<Task, Progress, Result>(
  child: ChildProcess,
  task: Task,
  { onProgress, timeoutMs, signal }: Omit<TaskOptions<Progress>, 'runtime'>,
): Promise<Result> {
  const over = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  try {
    return await new Promise<Result>((resolve, reject) => {
      const failed = (how: string) =>
        reject(new EngineError('ERR_ENGINE_MEASURE', 'engine', `measuring failed: ${how}. Try again.`));
      const silence = setTimeout(() => failed(`nothing was heard for ${silenceMs / 1000} s`), silenceMs);
      timers.push(silence);
      if (timeoutMs !== undefined) {
        timers.push(setTimeout(() => failed(`it was not done after ${timeoutMs / 1000} s`), timeoutMs));
      }
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
      child.on('message', (answer: Answer<Progress, Result>) => {
        silence.refresh();
        if (answer.kind === 'progress') onProgress?.(answer.progress);
        else if (answer.kind === 'result') resolve(answer.result);
        else reject(MinspnetError.revive(answer.error));
      });
      child.on('error', (error) => failed(error.message));
      child.once('exit', (code, by) => {
        const how = by === null ? `its process ended with exit code ${code}` : `its process was killed by ${by}`;
        // What it said before lies in the channel yet, and comes before the channel's end.
        if (child.connected) child.once('disconnect', () => failed(how));
        else failed(how);
      });
      child.send(task as object, () => {}); // one that is dead already is noticed by its exit
    });
  } finally {
    over.abort();
    for (const timer of timers) clearTimeout(timer);
  }
}

/** What it has started may outlive it: all are killed, and waited for. */
async function endGroup({ pid }: ChildProcess): Promise<void> {
  const end = performance.now() + goneMs;
  while (pid !== undefined && killGroup(pid) && performance.now() < end) await sleep(2);
}

/** @returns whether there was anybody left, be it one that only waits to be buried */
function killGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 'SIGKILL');
  } catch {
    return false;
  }
}

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
    preferForOom();
    try {
      answer({ kind: 'result', result: await work(task, onProgress) });
    } catch (error) {
      answer({ kind: 'error', error: asMinspnetError(error).serialise() });
    }
  });
}

/** Where memory runs out, the kernel shall end this program and what it starts, not the daemon that may run beside it. */
function preferForOom(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // No such file here: then the kernel chooses as ever.
  }
}
