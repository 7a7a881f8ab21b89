import type { Direction, EventType, Observation } from '../contract/event.js';

/** Of one camera. */
interface Counts {
  /** By class, then by type. */
  events: Map<string, Map<EventType, number>>;
  /** By line, of all classes. */
  lines: Record<string, Record<Direction, number>>;
}

/** How many events of each kind were told since the daemon's start. Classes, types and lines are few. */
export class EventCounts {
  readonly #cameras = new Map<string, Counts>();

  count(observation: Observation): void {
    const { camera, class: name, type } = observation;
    const { events, lines } = this.#of(camera);
    const types = events.get(name) ?? new Map<EventType, number>();
    events.set(name, types.set(type, (types.get(type) ?? 0) + 1));
    if (observation.type !== 'crossing') return;
    const line = lines[observation.line] ?? { 'a-to-b': 0, 'b-to-a': 0 };
    line[observation.direction] += 1;
    lines[observation.line] = line;
  }

  eventsOf(camera: string): { class: string; type: EventType; count: number }[] {
    return [...this.#of(camera).events].flatMap(([name, types]) =>
      [...types].map(([type, count]) => ({ class: name, type, count })),
    );
  }

  linesOf(camera: string): Record<string, Record<Direction, number>> {
    return this.#of(camera).lines;
  }

  #of(camera: string): Counts {
    let counts = this.#cameras.get(camera);
    if (counts === undefined) {
      counts = { events: new Map(), lines: {} };
      this.#cameras.set(camera, counts);
    }
    return counts;
  }
}
