import type { EventType, Observation } from '../contract/event.js';

/** How many events of each kind were told since the daemon's start. Classes and types are few. */
export class EventCounts {
  /** By camera, class and type. */
  readonly #cameras = new Map<string, Map<string, Map<EventType, number>>>();

  count({ camera, class: name, type }: Observation): void {
    const classes = this.#cameras.get(camera) ?? new Map<string, Map<EventType, number>>();
    this.#cameras.set(camera, classes);
    const types = classes.get(name) ?? new Map<EventType, number>();
    classes.set(name, types.set(type, (types.get(type) ?? 0) + 1));
  }

  eventsOf(camera: string): { class: string; type: EventType; count: number }[] {
    return [...(this.#cameras.get(camera) ?? [])].flatMap(([name, types]) =>
      [...types].map(([type, count]) => ({ class: name, type, count })),
    );
  }
}
