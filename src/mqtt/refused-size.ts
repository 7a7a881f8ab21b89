/** A message that was sent, as far as it matters here. */
export interface Sent {
  topic: string;
  bytes: number;
}

/** A session that ends within that time of a message may have ended because of it, ms. */
const soonMs = 2_000;
/** Whoever runs the broker may have changed it by then, ms. */
const forgottenMs = 600_000;

/** Every broker takes that, bytes: an event is never held back for its size. */
const smallest = 1024;

/**
 * Finds out what a broker ends sessions for without a word: messages that are larger than it likes. If the largest of
 * those that it has not acknowledged is larger than all that it has, it is suspected: in the next session, what is larger
 * than all that was acknowledged is sent last, one after the other, the smallest first. A session that ends again is
 * proof. A smaller message is never suspected: it is the network that is bad then, and nothing is given up.
 */
export class RefusedSize {
  #limit = Number.POSITIVE_INFINITY;
  #provedAt = 0;
  /** The broker has taken so many bytes. */
  #accepted = smallest;
  #isSuspicious = false;
  /** Not acknowledged, with the time at which they were sent. */
  readonly #sent = new Map<Sent, number>();

  /** @param monotonic ms */
  constructor(readonly monotonic: () => number) {}

  /** Messages of so many bytes are not to be sent. */
  get limit(): number {
    return this.monotonic() - this.#provedAt > forgottenMs ? Number.POSITIVE_INFINITY : this.#limit;
  }

  /** Nothing is on its way. */
  get isIdle(): boolean {
    return this.#sent.size === 0;
  }

  /** Whether the session may end because of it, so that it is to be sent last. */
  isSuspect(bytes: number): boolean {
    return this.#isSuspicious && bytes > this.#accepted;
  }

  /** It is on its way. @returns to be called with whether the broker took it, when it has answered */
  send(topic: string, bytes: number): (isAccepted: boolean) => void {
    const message = { topic, bytes };
    this.#sent.set(message, this.monotonic());
    return (isAccepted) => {
      this.#sent.delete(message);
      if (isAccepted) this.#accepted = Math.max(this.#accepted, bytes);
    };
  }

  /** @returns the message that is proved to be refused */
  sessionEnded(): Sent | undefined {
    const [largest] = [...this.#sent].sort(([a], [b]) => b.bytes - a.bytes);
    this.#sent.clear();
    const wasSuspicious = this.#isSuspicious;
    const [message, at] = largest ?? [{ topic: '', bytes: 0 }, 0];
    this.#isSuspicious = message.bytes > this.#accepted && this.monotonic() - at < soonMs;
    if (!this.#isSuspicious || !wasSuspicious) return undefined;
    this.#isSuspicious = false;
    this.#limit = message.bytes;
    this.#provedAt = this.monotonic();
    return message;
  }
}
