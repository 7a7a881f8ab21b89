import type { ChildProcess } from 'node:child_process';
import { EngineError, MinspnetError, ModelError } from '../contract/errors.js';
import type { EngineFacts, EngineSettings, FromEngine } from '../engine/protocol.js';
import { startEngine, tell } from './engine-process.js';

/** Nobody waits for it: another model runs meanwhile. Milliseconds. */
const leastMs = 45_000;

/**
 * Loads a model in an engine of its own without cameras and lets it test itself: one that a library dies of harms nobody
 * there. Resolves when that engine is gone.
 *
 * @throws {MinspnetError} why it can't be used: ERR_MODEL_SELF_TEST and others
 */
export async function tryModel(
  settings: Omit<EngineSettings, 'runId'>,
  startMs: number,
  signal: AbortSignal,
  program?: string,
): Promise<EngineFacts> {
  const { path } = settings.model;
  const timeoutMs = Math.max(startMs, leastMs);
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  const over = new AbortController();
  let onEnd = () => {};
  const gone = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  try {
    return await new Promise<EngineFacts>((resolve, reject) => {
      const refuse = (what: string) => {
        const message = `${path}: the engine that tried it ${what}. The model is refused.`;
        reject(new ModelError('ERR_MODEL_SELF_TEST', 'model', message));
      };
      timer = setTimeout(() => refuse(`was not ready after ${timeoutMs / 1000} s`), timeoutMs);
      const stopped = () => reject(new EngineError('ERR_ENGINE_STOPPED', 'engine', 'the daemon stops.'));
      if (signal.aborted) stopped();
      signal.addEventListener('abort', stopped, { signal: over.signal });
      const ended = (_: ChildProcess, how: string) => {
        refuse(`ended with ${how}`);
        onEnd();
      };
      child = startEngine({ ...settings, cameras: {}, adjustments: {} }, ended, program);
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'ready') tell(child, { kind: 'self-test', id: 0 });
        else if (message.kind === 'configured') resolve(message.facts);
        else if (message.kind === 'failed' || message.kind === 'no-answer') reject(MinspnetError.revive(message.error));
      });
    });
  } finally {
    clearTimeout(timer);
    over.abort(); // `signal` is the daemon's for its whole life, and would keep all of this trial
    if (child?.kill('SIGKILL')) await gone; // its memory is free before the present engine wants more
  }
}
