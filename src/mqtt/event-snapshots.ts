import type { Observation } from '../contract/event.js';
import type { Topics } from '../contract/topics.js';

/** A JPEG of a track, as the engine sends it: before the observation that it belongs to. */
export interface Snapshot {
  camera: string;
  track: string;
  class: string;
  jpeg: Uint8Array;
}

/** Snapshots that wait for their event's turn, bytes; beyond that they go as soon as they can. */
const maxBytes = 2 * 1024 * 1024;

/**
 * Snapshots in memory on their way to the topic that their event names. One is attached to its event's place in the
 * outbox and shown when that event is next, so a newer one at the same topic can't overtake an older event.
 */
export class EventSnapshots {
  readonly #topics: Topics;
  readonly #show: (snapshot: Snapshot) => void;
  /** Handed in, their observation not yet; by topic. */
  readonly #staged = new Map<string, Snapshot>();
  /** By the camera and the number of their event. */
  readonly #attached = new Map<string, Snapshot>();
  #bytes = 0;

  /** @param show makes it the topic's last value */
  constructor(topics: Topics, show: (snapshot: Snapshot) => void) {
    this.#topics = topics;
    this.#show = show;
  }

  /** Takes in the snapshot of the observation that comes next for its track. */
  stage(snapshot: Snapshot): void {
    const topic = this.#topics.snapshot(snapshot.camera, snapshot.class);
    const older = this.#staged.get(topic);
    if (older !== undefined) this.#show(older);
    this.#staged.set(topic, snapshot);
  }

  /**
   * An observation has its number, and its snapshot with it.
   *
   * @param mayWait else it is shown at once: nobody hears the event before
   */
  attach(observation: Observation, seq: number, mayWait: boolean): void {
    const topic = this.#topics.snapshot(observation.camera, observation.class);
    const snapshot = this.#staged.get(topic);
    if (snapshot === undefined || snapshot.track !== observation.id) return;
    this.#staged.delete(topic);
    this.#attached.set(`${observation.camera}/${seq}`, snapshot);
    this.#bytes += snapshot.jpeg.length;
    if (!mayWait || this.#bytes > maxBytes) this.showAll();
  }

  /** It is the turn of this event. @returns whether its snapshot is shown now, and has to go first */
  showOf({ seq, observation }: { seq: number; observation: Observation }): boolean {
    const key = `${observation.camera}/${seq}`;
    const snapshot = this.#attached.get(key);
    if (snapshot === undefined) return false;
    this.#attached.delete(key);
    this.#bytes -= snapshot.jpeg.length;
    this.#show(snapshot);
    return true;
  }

  /** None waits for its event any longer. */
  showAll(): void {
    for (const snapshot of this.#attached.values()) this.#show(snapshot);
    this.#attached.clear();
    this.#bytes = 0;
  }
}
