import { Worker } from 'node:worker_threads';
import type { WorkerThread } from './capture-worker.js';
import type { CaptureOptions } from './messages.js';

/** The threads of Node's that run capture-thread.ts. */
export class CaptureThreads {
  /** They have no camera yet. */
  readonly #waiting = new Set<Worker>();

  /** Starts threads for so many cameras: to load its code takes a thread as long as the engine takes to load a network. */
  prepare(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const thread = newThread();
      thread.unref();
      thread.on('error', () => {}); // one that can't run ends, and so does the one in its place: whoever starts that hears why
      thread.once('exit', () => this.#waiting.delete(thread));
      this.#waiting.add(thread);
    }
  }

  /** A thread for a camera; it hears its options first. */
  start(options: CaptureOptions): WorkerThread {
    const [thread = newThread()] = this.#waiting;
    this.#waiting.delete(thread);
    thread.ref();
    thread.postMessage(options);
    return thread;
  }
}

function newThread(): Worker {
  return new Worker(new URL('./capture-thread.js', import.meta.url), {
    trackUnmanagedFds: false, // a pipe of time stamps is closed by its socket, which Node would not notice
    resourceLimits: { maxYoungGenerationSizeMb: 4 }, // it makes little garbage; the default costs 16 MB a camera
  });
}
