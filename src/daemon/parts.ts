import { setTimeout as sleep } from 'node:timers/promises';
import { asMinspnetError, type MinspnetError } from '../contract/errors.js';

/** One part of the daemon: it opens what it needs in `start`, and closes exactly that in `stop`. */
export interface Part {
  /** For the log. */
  readonly name: string;
  /**
   * Waits for nothing but this machine: a broker or a camera that is away is waited for in the background.
   *
   * @param signal aborted when the daemon stops; a start that takes longer than a moment ends early then
   * @throws {MinspnetError} when the daemon can't do without this part
   */
  start(signal: AbortSignal): void | Promise<void>;
  /** Called once, and only after `start` has been called; what `start` had no time to open is not there to be closed. */
  stop(): void | Promise<void>;
}

/** A start that does not end when it is asked to may take so long of the time that a stop has, milliseconds. */
const startMs = 400;

/** Starts parts in order and stops them in reverse; one that fails to stop keeps none of the others from it. */
export class Parts {
  readonly #started: Part[] = [];
  #starting: Promise<void> = Promise.resolve();

  /** @param failed is told of each part that could not be stopped */
  constructor(private readonly failed: (part: string, error: MinspnetError) => void) {}

  /**
   * Resolves when all have started, or when `signal` is aborted.
   *
   * @throws {MinspnetError} what a part throws; those before it run until `stop`
   */
  async start(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    this.#starting = this.#startAll(parts, signal);
    await this.#starting;
  }

  /** Resolves when all have stopped, or after `timeoutMs`: each has been told by then. Never rejects. */
  async stop(timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
    const startLate = sleep(startMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#starting.catch(() => {}), startLate]); // whoever started it has the error
    for (const part of this.#started.toReversed()) await Promise.race([this.#stopOne(part), late]);
    timer.abort();
  }

  async #startAll(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    for (const part of parts) {
      if (signal.aborted) return;
      this.#started.push(part);
      await part.start(signal);
    }
  }

  async #stopOne(part: Part): Promise<void> {
    try {
      await part.stop();
    } catch (error) {
      this.failed(part.name, asMinspnetError(error));
    }
  }
}
