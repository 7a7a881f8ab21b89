import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when `done` holds, which is asked again and again. */
export async function until(done: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!done()) {
    if (performance.now() > end) throw new Error(`did not come about within ${timeoutMs} ms`);
    await sleep(2);
  }
}
