import { contractVersion } from '../contract/status.js';
import { PublishError } from '../session/broker-error.js';
import type { BrokerClient, PublishOptions } from './client.js';
import { type RetainedValue, RetainedValues } from './retained.js';

/** MQTT counts in 32 bits. */
const longestExpirySeconds = 0xffff_ffff;

/** After what time the broker forgets a message, as it is told. */
export function expirySeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.min(longestExpirySeconds, Math.ceil(ms / 1000));
}

/** On every message: a subscriber that knows another version can pass it over unread. */
export const userProperties = { contractVersion: String(contractVersion) };

/** What is said once waits in memory for room, messages at most. */
const maxWaiting = 64;

/** Said once, QoS 1, to whoever listens. */
interface Message {
  topic: string;
  payload: string;
  options: Omit<PublishOptions, 'retain'>;
}

/** What goes to the broker besides events: retained values, then `online`, then what is said once. */
export class Outgoing {
  readonly retained = new RetainedValues();
  readonly #client: BrokerClient;
  readonly #statusTopic: string;
  #waiting: Message[] = [];
  #retainedInFlight = 0;
  /** In this session. */
  #hasSaidOnline = false;

  constructor(client: BrokerClient, statusTopic: string) {
    this.#client = client;
    this.#statusTopic = statusTopic;
  }

  /** The broker has all retained values. */
  get isRetained(): boolean {
    return this.retained.allSent && this.#retainedInFlight === 0;
  }

  sessionBegan(): void {
    this.retained.resend();
    this.#hasSaidOnline = false;
  }

  sessionEnded(): void {
    this.#retainedInFlight = 0;
    this.#waiting = [];
  }

  /** @returns false if there is no session, or too much waits */
  say(message: Message): boolean {
    if (!this.#client.connected || this.#waiting.length >= maxWaiting) return false;
    this.#waiting.push(message);
    return true;
  }

  /** Sends what comes before any event. @returns false if there is nothing */
  sendNext(): boolean {
    const value = this.retained.takeUnsent(
      ({ payload }) => !this.#client.refusedSize.isSuspect(Buffer.byteLength(payload)),
    );
    if (value !== undefined) this.#sendRetained(value);
    else if (!this.#hasSaidOnline) this.#sayOnline();
    else {
      const message = this.#waiting.shift();
      if (message === undefined) return false;
      this.sayNow(message);
    }
    return true;
  }

  /** Sends what may end the session, when all else is delivered. @returns false if there is nothing */
  sendSuspect(): boolean {
    const suspect = this.#client.refusedSize.isIdle ? this.retained.takeSmallest() : undefined;
    if (suspect !== undefined) this.#sendRetained(suspect);
    return suspect !== undefined;
  }

  sayNow({ topic, payload, options }: Message): void {
    if (this.#client.isTooLarge(topic, payload)) return;
    const sent = { retain: false, contentType: 'application/json', userProperties, ...options };
    this.#client.publish(topic, payload, sent, (error) => {
      if (error instanceof PublishError) this.#client.warnOnce(topic, error);
    });
  }

  /** After the retained values: whoever hears it finds nothing of an earlier run at the other topics. */
  #sayOnline(): void {
    this.#hasSaidOnline = true;
    this.#client.publish(this.#statusTopic, 'online', { retain: true }, (error) => {
      if (error instanceof PublishError) this.#client.session.drop(error);
    });
  }

  #sendRetained({ topic, payload, contentType, track }: RetainedValue): void {
    if (this.#client.isTooLarge(topic, payload)) {
      if (track !== undefined) this.retained.delete(topic); // no event shall name it
      return;
    }
    this.#retainedInFlight++;
    this.#client.publish(topic, payload, { retain: true, contentType, userProperties }, (error) => {
      this.#retainedInFlight = Math.max(0, this.#retainedInFlight - 1);
      if (error instanceof PublishError) this.#client.warnOnce(topic, error);
    });
  }
}
