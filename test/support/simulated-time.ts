import { mock } from 'node:test';

/** Time that only goes on when it is told to: all timers of this process, and a monotonic clock that agrees with them. */
export class SimulatedTime implements Disposable {
  #now = 0;

  constructor() {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  }

  /** Milliseconds since the start. */
  now = (): number => this.#now;

  /** Goes on by `ms` in steps; after each one all that was waiting for something is carried on. */
  async pass(ms: number, stepMs: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now += stepMs;
      mock.timers.tick(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Nobody runs for so long: a board that is suspended. Its clock goes on, its timers are late. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  [Symbol.dispose](): void {
    mock.timers.reset();
  }
}
