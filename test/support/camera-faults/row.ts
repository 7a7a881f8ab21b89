import type { FaultFigures } from './bench.js';

/** One kind of fault, made to a daemon of its own. */
export interface FaultRow {
  /** Why it can't be made here, or false. */
  skip: string | false;
  /** Of the times that are asked for, so many: what takes long is made less often. */
  part?: number;
  /** @param folder for the daemon's state, and for what the fault needs */
  make(times: number, folder: string): Promise<FaultFigures>;
}

/** Between two faults a camera lives so long, milliseconds, or it is flapping that is measured. */
export const livesMs = 2000;

/** What the cameras show. */
export const clip = 'demo/street.mp4';

/** A server is away for 0.3 to 0.8 s, milliseconds. */
export function awayMs(): number {
  return 300 + 500 * Math.random();
}
