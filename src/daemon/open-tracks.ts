import type { EndReason, Observation } from '../contract/event.js';
import type { CameraState } from '../contract/status.js';

type End = Extract<Observation, { type: 'end' }>;

/** Remembers the last sight of each open track, so that all can be ended when the engine that followed them is gone. */
export class OpenTracks {
  readonly #last = new Map<string, Observation>();
  /** What was last told of each camera in whose view there is something. */
  readonly #states = new Map<string, CameraState>();

  follow(observation: Observation): void {
    if (observation.type === 'end') this.#last.delete(observation.id);
    else this.#last.set(observation.id, observation);
  }

  count(state: CameraState): void {
    if (Object.values(state.counts).some((count) => count > 0)) this.#states.set(state.camera, state);
    else this.#states.delete(state.camera);
  }

  /**
   * The states of those cameras with nothing in view.
   *
   * @param utcMs since when; milliseconds since the epoch
   */
  empty(utcMs: number): CameraState[] {
    const none = (counts: Record<string, number>) => Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
    const states = [...this.#states.values()].map(({ camera, counts, zones }): CameraState => {
      const zonesEmpty = Object.fromEntries(Object.entries(zones).map(([zone, inside]) => [zone, none(inside)]));
      return { camera, at: new Date(utcMs).toISOString(), counts: none(counts), moving: 0, zones: zonesEmpty };
    });
    this.#states.clear();
    return states;
  }

  /**
   * Ends all of them, oldest first.
   *
   * @param utcMs when; milliseconds since the epoch
   */
  end(reason: EndReason, utcMs: number): End[] {
    const ends = [...this.#last.values()].map((last): End => {
      const passedMs = Math.max(0, utcMs - Date.parse(last.capturedAt));
      return {
        type: 'end',
        reason,
        camera: last.camera,
        id: last.id,
        class: last.class,
        score: last.score,
        bestScore: last.bestScore,
        box: last.box,
        zones: last.zones,
        speed: last.speed,
        stationary: last.stationary,
        ageMs: last.ageMs + passedMs,
        capturedAt: new Date(utcMs).toISOString(),
        capturedMonotonicMs: last.capturedMonotonicMs + passedMs,
      };
    });
    this.#last.clear();
    return ends;
  }
}
