import { BrokerError } from '../contract/errors.js';
import { contractVersion } from '../contract/status.js';
import { PublishError } from '../session/broker-error.js';
import type { Acknowledged } from '../session/session.js';
import type { BrokerClient, PublishOptions } from './client.js';
import { RefusedSize } from './refused-size.js';
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

/**
 * What goes to the broker besides events: retained values, then `online`, then what is said once. And how any message
 * goes: none that the broker would end the session for, and one warning a topic and session.
 */
export class Outgoing {
  readonly retained = new RetainedValues();
  readonly #refused = new RefusedSize(() => performance.now());
  readonly #client: BrokerClient;
  readonly #statusTopic: string;
  readonly #warn: (error: BrokerError) => void;
  #waiting: Message[] = [];
  #retainedInFlight = 0;
  /** In this session. */
  #hasSaidOnline = false;
  /** Topics whose trouble has been told in this session. */
  readonly #warned = new Set<string>();

  constructor(client: BrokerClient, statusTopic: string, warn: (error: BrokerError) => void) {
    this.#client = client;
    this.#statusTopic = statusTopic;
    this.#warn = warn;
  }

  /** Largest payload that the broker takes, bytes, as far as is known. */
  get maximumPayload(): number {
    return Math.min(this.#client.maximumPayload, this.#refused.limit - 1);
  }

  /** The broker has all retained values. */
  get isRetained(): boolean {
    return this.retained.allSent && this.#retainedInFlight === 0;
  }

  sessionBegan(): void {
    this.retained.resend();
    this.#hasSaidOnline = false;
    this.#warned.clear();
  }

  sessionEnded(): void {
    this.#retainedInFlight = 0;
    this.#waiting = [];
    const refused = this.#refused.sessionEnded();
    if (refused !== undefined) this.#warn(endsSession(refused.topic, refused.bytes));
  }

  /** @returns false if there is no session, or too much waits */
  say(message: Message): boolean {
    if (!this.#client.connected || this.#waiting.length >= maxWaiting) return false;
    this.#waiting.push(message);
    return true;
  }

  /** Sends what comes before any event. @returns false if there is nothing */
  sendNext(): boolean {
    const value = this.retained.takeUnsent(({ payload }) => !this.#refused.isSuspect(Buffer.byteLength(payload)));
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
    const suspect = this.#refused.isIdle ? this.retained.takeSmallest() : undefined;
    if (suspect !== undefined) this.#sendRetained(suspect);
    return suspect !== undefined;
  }

  sayNow({ topic, payload, options }: Message): void {
    if (this.isTooLarge(topic, payload)) return;
    const sent = { retain: false, contentType: 'application/json', userProperties, ...options };
    this.transmit(topic, payload, sent, (error) => {
      if (error instanceof PublishError) this.warnOnce(topic, error);
    });
  }

  transmit(topic: string, payload: string | Buffer, options: PublishOptions, done: Acknowledged): void {
    const answered = this.#refused.send(topic, Buffer.byteLength(payload));
    this.#client.publish(topic, payload, options, (error) => {
      if (error === undefined || error instanceof PublishError) answered(error === undefined);
      done(error);
    });
  }

  /** The broker would end the session for such a message. */
  isTooLarge(topic: string, payload: string | Buffer): boolean {
    const bytes = Buffer.byteLength(payload);
    if (bytes >= this.#refused.limit) return true; // that was told
    if (bytes <= this.#client.maximumPayload) return false;
    this.warnOnce(topic, tooLarge(topic, bytes));
    return true;
  }

  /** A broker that does not take one message of a topic will not take the next one, either. */
  warnOnce(topic: string, error: BrokerError): void {
    if (this.#warned.has(topic)) return;
    this.#warned.add(topic);
    this.#warn(error);
  }

  /** After the retained values: whoever hears it finds nothing of an earlier run at the other topics. */
  #sayOnline(): void {
    this.#hasSaidOnline = true;
    this.transmit(this.#statusTopic, 'online', { retain: true }, (error) => {
      if (error instanceof PublishError) this.#client.session.drop(error);
    });
  }

  #sendRetained({ topic, payload, contentType, track }: RetainedValue): void {
    if (this.isTooLarge(topic, payload)) {
      if (track !== undefined) this.retained.delete(topic); // no event shall name it
      return;
    }
    this.#retainedInFlight++;
    this.transmit(topic, payload, { retain: true, contentType, userProperties }, (error) => {
      this.#retainedInFlight = Math.max(0, this.#retainedInFlight - 1);
      if (error instanceof PublishError) this.warnOnce(topic, error);
    });
  }
}

function tooLarge(topic: string, bytes: number): BrokerError {
  const advice = 'raise its limit, or make snapshots smaller with `events.snapshot`';
  const message = `the broker takes no message of ${bytes} bytes (${topic}): ${advice}`;
  return new BrokerError('ERR_BROKER_TOO_LARGE', 'broker', message);
}

function endsSession(topic: string, bytes: number): BrokerError {
  const message =
    `the broker ends the session when it is sent ${bytes} bytes (${topic}): what is as large is held back for ten minutes; ` +
    'raise its limit, or make snapshots smaller with `events.snapshot`';
  return new BrokerError('ERR_BROKER_TOO_LARGE', 'broker', message);
}
