import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineError, MinspnetError } from '../../contract/errors.js';
import { libraryEnvironment } from '../../device/runtime-library.js';
import type { Answer, Task } from './measure.js';

const program = fileURLToPath(new URL('./measure.js', import.meta.url));
/** TensorRT builds an engine in that time, even on a small board. */
const silenceMs = 600_000;

/**
 * Measures in a process of its own.
 *
 * @throws {MinspnetError} what that process says, or ERR_ENGINE_TUNE when it dies or says nothing
 */
export function runSearch(
  task: Task,
  onProgress: (round: number, candidates: number, done: number) => void,
): Promise<Extract<Answer, { kind: 'trials' }>> {
  return new Promise((resolve, reject) => {
    const child = fork(program, { serialization: 'advanced', env: libraryEnvironment(task.runtime) });
    const died = (how: string) => reject(new EngineError('ERR_ENGINE_TUNE', 'engine', `measuring failed: ${how}.`));
    let timer: NodeJS.Timeout | undefined;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), silenceMs);
    };
    watch();
    child.on('message', (answer: Answer) => {
      watch();
      if (answer.kind === 'progress') return onProgress(answer.round, answer.candidates, answer.done);
      if (answer.kind === 'trials') resolve(answer);
      else reject(new MinspnetError(answer.error.code, answer.error.exit, answer.error.message));
      child.disconnect();
    });
    child.once('error', (error) => died(error.message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      died(signal === null ? `it ended with exit code ${code}` : `it was killed by ${signal}`);
    });
    child.send(task);
  });
}
