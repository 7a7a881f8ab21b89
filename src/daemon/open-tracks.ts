import type { EndReason, Observation } from '../contract/event.js';
import type { CameraState } from '../contract/status.js';
import type { CaptureTime } from '../timing/monotonic.js';

/** The last sight of a track, and since when it has been in which zones, on the board's monotonic clock. */
interface OpenTrack {
  last: Observation;
  enteredMs: Map<string, number>;
}

/** Remembers the last sight of each open track, so that all can be ended when the engine that followed them is gone. */
export class OpenTracks {
  readonly #tracks = new Map<string, OpenTrack>();
  /** What was last told of each camera in whose view there is something. */
  readonly #states = new Map<string, CameraState>();

  follow(observation: Observation): void {
    const { id, type } = observation;
    if (type === 'state') return; // of a region, which does not end
    if (type === 'end') {
      this.#tracks.delete(id);
      return;
    }
    const { enteredMs } = this.#tracks.get(id) ?? { enteredMs: new Map() };
    if (type === 'enter') enteredMs.set(observation.zone, observation.capturedMonotonicMs);
    if (type === 'leave') enteredMs.delete(observation.zone);
    this.#tracks.set(id, { last: observation, enteredMs });
  }

  count(state: CameraState): void {
    if (Object.values(state.counts).some((count) => count > 0)) this.#states.set(state.camera, state);
    else this.#states.delete(state.camera);
  }

  /** The states of those cameras with nothing in view from then on. */
  empty({ utcMs }: CaptureTime): CameraState[] {
    const none = (counts: Record<string, number>) => Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
    const states = [...this.#states.values()].map(({ camera, counts, zones }): CameraState => {
      const zonesEmpty = Object.fromEntries(Object.entries(zones).map(([zone, inside]) => [zone, none(inside)]));
      return { camera, at: new Date(utcMs).toISOString(), counts: none(counts), moving: 0, zones: zonesEmpty };
    });
    this.#states.clear();
    return states;
  }

  /**
   * Ends all of them, oldest first, each after it has left the zones that it was in. They age by the monotonic clock: the
   * other one may have been set meanwhile.
   */
  end(reason: EndReason, { monotonicMs, utcMs }: CaptureTime): Observation[] {
    const ends = [...this.#tracks.values()].flatMap(({ last, enteredMs }): Observation[] => {
      const passedMs = Math.max(0, monotonicMs - last.capturedMonotonicMs);
      const sighting = {
        camera: last.camera,
        id: last.id,
        class: last.class,
        score: last.score,
        bestScore: last.bestScore,
        box: last.box,
        zones: [],
        speed: last.speed,
        stationary: last.stationary,
        ageMs: last.ageMs + passedMs,
        capturedAt: new Date(utcMs).toISOString(),
        capturedMonotonicMs: last.capturedMonotonicMs + passedMs,
      };
      const leaves = [...enteredMs].map(([zone, sinceMs]): Observation => {
        const dwellMs = Math.max(0, Math.round(sighting.capturedMonotonicMs - sinceMs));
        return { type: 'leave', ...sighting, zone, dwellMs };
      });
      return [...leaves, { type: 'end', ...sighting, reason }];
    });
    this.#tracks.clear();
    return ends;
  }
}
