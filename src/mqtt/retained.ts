/** What stands at a retained topic. */
export interface RetainedValue {
  topic: string;
  payload: string | Buffer;
  contentType: string;
  /** The track that a snapshot shows. */
  track?: string;
}

/** Snapshots held so that a broker that lost them gets them again, bytes. */
const maxSnapshotBytes = 4 * 1024 * 1024;

/**
 * The last value of each retained topic, and which of them the broker has yet to be told. A value that changes again
 * before it was sent replaces the older one: a slow broker gets fewer values, never older ones.
 */
export class RetainedValues {
  readonly #values = new Map<string, RetainedValue>();
  readonly #unsent = new Set<string>();
  #snapshotBytes = 0;

  set(value: RetainedValue): void {
    this.delete(value.topic);
    this.#values.set(value.topic, value);
    this.#unsent.add(value.topic);
    if (value.track === undefined) return;
    this.#snapshotBytes += value.payload.length;
    for (const other of this.#values.values()) {
      if (this.#snapshotBytes <= maxSnapshotBytes) return;
      if (other.track !== undefined && other !== value) this.delete(other.topic);
    }
  }

  /** Nothing shall stand there any more. Kept, so that a broker that did not hear of it hears it in the next session. */
  clear(topic: string): void {
    this.set({ topic, payload: '', contentType: 'text/plain' });
  }

  get(topic: string): RetainedValue | undefined {
    return this.#values.get(topic);
  }

  /** A value that the broker does not have yet, and that may be sent; it counts as sent from now on. */
  takeUnsent(mayBeSent: (value: RetainedValue) => boolean = () => true): RetainedValue | undefined {
    for (const topic of this.#unsent) {
      const value = this.#values.get(topic);
      if (value !== undefined && !mayBeSent(value)) continue;
      this.#unsent.delete(topic);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The smallest value of those that the broker does not have yet; it counts as sent from now on. */
  takeSmallest(): RetainedValue | undefined {
    const values = [...this.#unsent].flatMap((topic) => this.#values.get(topic) ?? []);
    const smallest = values.toSorted((a, b) => a.payload.length - b.payload.length)[0];
    if (smallest !== undefined) this.#unsent.delete(smallest.topic);
    return smallest;
  }

  get allSent(): boolean {
    return this.#unsent.size === 0;
  }

  /** All of them, or those that are wanted: in a new session, the broker may have forgotten all. */
  resend(isWanted: (value: RetainedValue) => boolean = () => true): void {
    for (const value of this.#values.values()) if (isWanted(value)) this.#unsent.add(value.topic);
  }

  delete(topic: string): void {
    const value = this.#values.get(topic);
    if (value === undefined) return;
    if (value.track !== undefined) this.#snapshotBytes -= value.payload.length;
    this.#values.delete(topic);
    this.#unsent.delete(topic);
  }
}
