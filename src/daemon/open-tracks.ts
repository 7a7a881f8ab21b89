import type { EndReason, Observation } from '../contract/event.js';

type End = Extract<Observation, { type: 'end' }>;

/** Remembers the last sight of each open track, so that they can be ended when the engine that followed them is gone. */
export class OpenTracks {
  readonly #last = new Map<string, Observation>();

  follow(observation: Observation): void {
    if (observation.type === 'end') this.#last.delete(observation.id);
    else this.#last.set(observation.id, observation);
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
