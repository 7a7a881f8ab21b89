import type { Observation } from '../contract/event.js';
import type { Box } from '../contract/geometry.js';
import type { RegionState } from '../contract/status.js';
import { round, roundBox } from '../pipeline/rounding.js';
import type { StateWatch } from '../pipeline/state-watch.js';
import type { CaptureTime } from '../timing/monotonic.js';

/** A region of a camera shows something else than before. */
export interface StateChange {
  camera: string;
  /** Of the state in the settings. */
  name: string;
  classes: string[];
  region: Box;
  watch: StateWatch;
  before: string;
  /** Of the picture that decided it. */
  time: CaptureTime;
}

/** What holds from now on. */
export function regionStateOf({ camera, name, classes, watch: { state, score }, time }: StateChange): RegionState {
  return { camera, name, state, classes, score: round(score, 3), at: new Date(time.utcMs).toISOString() };
}

/** The same as an event. @param id names the stay in the new state */
export function stateEventOf({ camera, name, region, watch, before, time }: StateChange, id: string): Observation {
  const score = round(watch.score, 3);
  return {
    type: 'state',
    camera,
    id,
    class: name,
    score,
    bestScore: score,
    box: roundBox(region),
    zones: [],
    speed: 0,
    stationary: true,
    ageMs: 0,
    capturedAt: new Date(time.utcMs).toISOString(),
    capturedMonotonicMs: round(time.monotonicMs, 1),
    from: before,
    to: watch.state,
  };
}
