import type { PowerReading } from '../device/power/meter.js';
import type { PowerSample } from './energy.js';

/** Writes down what the board takes, at a steady rate. Timers come late while a network computes; each sample has its time. */
export class PowerLog implements AsyncDisposable {
  readonly samples: PowerSample[] = [];
  /** The last reading: source, scope, and why there is nothing. */
  sensor: PowerReading | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(private readonly read: () => Promise<PowerReading>) {}

  /** Samples now and then every so often; {@link pause} ends it. */
  start(intervalMs: number): void {
    this.pause();
    void this.sample();
    this.#timer = setInterval(() => void this.sample(), intervalMs);
  }

  /** One sample; no second one is begun while a slow sensor still thinks. */
  sample(): Promise<void> {
    this.#reading ??= this.#take().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  async #take(): Promise<void> {
    const before = performance.now();
    const reading = await this.read();
    this.sensor = reading;
    // A reading that took long is of some time in between.
    this.samples.push({ at: (before + performance.now()) / 2, watts: reading.value, overMs: reading.overMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pause();
    await this.#reading;
  }
}
