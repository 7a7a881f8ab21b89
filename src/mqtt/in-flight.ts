import type { BrokerError } from '../contract/errors.js';
import { percentile } from '../timing/percentile.js';

/** Called once: without an error when the broker has acknowledged, else when it did not, or the session ended. */
export type Acknowledged = (error?: BrokerError) => void;

/** Milliseconds from a message's way out to the broker's acknowledgement, of those since the last look. */
export interface Latency {
  medianMs: number;
  worstMs: number;
}

/** On its way at once, messages and bytes: enough to fill a slow link, not enough to fill the memory. */
const windowMessages = 64;
export const windowBytes = 1024 * 1024;
/** Latencies kept for the next look at them. */
const maxLatencies = 1000;

/** The messages of one session after the other that the broker has yet to acknowledge. */
export class InFlight {
  readonly #pending = new Map<Acknowledged, number>();
  #bytes = 0;
  #latencies: number[] = [];

  /** Messages that may be added now. @param receiveMaximum what the broker takes at once */
  room(receiveMaximum: number): number {
    return this.#bytes >= windowBytes ? 0 : Math.min(windowMessages, receiveMaximum) - this.#pending.size;
  }

  /** @returns to be called when the broker has answered; false where its session has ended, and it was told so */
  add(acknowledged: Acknowledged, bytes: number): () => boolean {
    this.#pending.set(acknowledged, bytes);
    this.#bytes += bytes;
    const sentAt = performance.now();
    return () => {
      if (!this.#pending.delete(acknowledged)) return false;
      this.#bytes -= bytes;
      if (this.#latencies.length < maxLatencies) this.#latencies.push(performance.now() - sentAt);
      return true;
    };
  }

  /** The session has ended: everything on its way is given back. */
  giveBack(error: BrokerError): void {
    const pending = [...this.#pending.keys()];
    this.#pending.clear();
    this.#bytes = 0;
    for (const acknowledged of pending) acknowledged(error);
  }

  /** How long the broker took since this was last asked; undefined where it acknowledged nothing. */
  takeLatency(): Latency | undefined {
    const sorted = this.#latencies.sort((a, b) => a - b);
    this.#latencies = [];
    const worstMs = sorted.at(-1);
    return worstMs === undefined ? undefined : { medianMs: percentile(sorted, 0.5), worstMs };
  }
}
