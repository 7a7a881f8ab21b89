import type { Log } from './log.js';

/**
 * Does something now and then every `periodMs`, never twice at the same time. One that fails is told in the log, once for
 * each new reason, and done again the next time.
 *
 * @param name what it is, for the log
 * @returns ends it; what is being done then comes to its end by itself
 */
export function every(periodMs: number, task: () => void | Promise<void>, log: Log, name: string): () => void {
  let isRunning = false;
  let lastFailure: string | undefined;
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await task();
      lastFailure = undefined;
    } catch (error) {
      const { message, stack } = error as Error;
      if (message !== lastFailure) log.error(`${name}: failed, and is tried again: ${stack ?? message}`);
      lastFailure = message;
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(run, periodMs);
  void run();
  return () => clearInterval(timer);
}
