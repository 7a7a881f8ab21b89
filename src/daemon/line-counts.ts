import type { Direction, Observation } from '../contract/event.js';
import type { CameraState } from '../contract/status.js';

type Counts = Record<string, Record<Direction, number>>;

/** Counts who has crossed which line, of all classes and over all engines, and puts it into the cameras' states. Pure. */
export class LineCounts {
  readonly #counts = new Map<string, Counts>();
  /** As the engine said it last. */
  readonly #states = new Map<string, CameraState>();

  /** @returns the state with what has crossed the camera's lines so far */
  add(state: CameraState): CameraState {
    this.#states.set(state.camera, state);
    const lines = this.#counts.get(state.camera);
    return lines === undefined ? state : { ...state, lines: structuredClone(lines) };
  }

  /** @returns the camera's state anew where the observation is a crossing */
  crossed(observation: Observation): CameraState | undefined {
    if (observation.type !== 'crossing') return undefined;
    const { camera, line, direction, capturedAt: at } = observation;
    const lines = this.#counts.get(camera) ?? {};
    this.#counts.set(camera, lines);
    const before = lines[line] ?? { 'a-to-b': 0, 'b-to-a': 0 };
    lines[line] = { ...before, [direction]: before[direction] + 1 };
    return this.add({ ...(this.#states.get(camera) ?? { camera, counts: {}, moving: 0, zones: {} }), at });
  }
}
