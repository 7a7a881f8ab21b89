import type { Reading } from '../reading.js';

/** Watts now, or, of a counter of energy, the mean over a time. */
export interface PowerReading extends Reading {
  /** So long before now is the mean of; milliseconds. */
  overMs?: number;
}

/** One way to measure power. `read` never rejects; its value is in watts, or null with why. */
export interface PowerMeter {
  read(): Promise<PowerReading>;
}

/** Milliseconds that only ever go up, such as `performance.now`. */
export type Clock = () => number;
