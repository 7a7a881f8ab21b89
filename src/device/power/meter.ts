import type { Reading } from '../reading.js';

/** One way to measure power. `read` never rejects; its value is in watts, or null with why. */
export interface PowerMeter {
  read(): Promise<Reading>;
}

/** Milliseconds that only ever go up, such as `performance.now`. */
export type Clock = () => number;
