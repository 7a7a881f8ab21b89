import type { CameraState } from '../contract/status.js';

/** A track as far as it is counted. */
export interface Occupant {
  readonly isOpen: boolean;
  readonly stationary: boolean;
  readonly className: string | undefined;
  readonly zones: readonly string[];
}

type Counts = Record<string, number>;

/** Counts the open tracks of a camera, as a whole and by zone. */
export class Occupancy {
  /** Every class that was ever counted stays, as 0: a hub then shows 0 and not the last number for ever. */
  #state: Pick<CameraState, 'counts' | 'moving' | 'zones'>;
  #told = '';

  constructor(
    private readonly camera: string,
    zones: readonly string[],
  ) {
    this.#state = { counts: {}, moving: 0, zones: Object.fromEntries(zones.map((zone) => [zone, {}])) };
  }

  /** The state if it differs from the one that this returned last. */
  changed(occupants: Iterable<Occupant>, utcMs: number): CameraState | undefined {
    const { counts, zones } = this.#state;
    zero(counts);
    for (const zone of Object.values(zones)) zero(zone);
    this.#state.moving = 0;
    for (const { isOpen, stationary, className, zones: inside } of occupants) {
      if (!isOpen || className === undefined) continue;
      add(counts, className);
      if (!stationary) this.#state.moving += 1;
      for (const name of inside) add(zones[name] ?? {}, className);
    }
    const told = JSON.stringify(this.#state);
    if (told === this.#told) return undefined;
    this.#told = told;
    return { camera: this.camera, at: new Date(utcMs).toISOString(), ...structuredClone(this.#state) };
  }
}

function zero(counts: Counts): void {
  for (const key of Object.keys(counts)) counts[key] = 0;
}

function add(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
