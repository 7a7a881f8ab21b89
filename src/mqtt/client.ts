import type { IClientPublishOptions } from 'mqtt';
import { BrokerError } from '../contract/errors.js';
import { PublishError } from '../session/broker-error.js';
import { isSecure } from '../session/connect-options.js';
import { type Acknowledged, Session, type SessionOptions } from '../session/session.js';
import { percentile } from '../timing/percentile.js';
import { type BrokerAccess, configuredBroker, settingNames } from './broker-access.js';
import { RefusedSize } from './refused-size.js';

export interface BrokerClientOptions
  extends BrokerAccess,
    Pick<SessionOptions, 'connectMs' | 'keepAliveSeconds' | 'backoff' | 'random'> {
  /** `mqtt://`, `mqtts://` (the certificate is verified), `ws://` or `wss://`. */
  url: string;
  /** Other brokers that may stand in for it, tried in turn while it is away. */
  fallbackUrls?: readonly string[] | undefined;
  clientId: string;
  /** Says `offline`, retained, at the end, as the broker does itself when it loses us; `online` is said by the owner. */
  statusTopic: string;
}

export interface PublishOptions {
  retain: boolean;
  contentType?: string;
  /** MQTT 5; left out if the broker speaks 3.1.1. */
  correlationData?: Buffer;
  /** MQTT 5: what nobody has taken by then, the broker forgets. */
  expirySeconds?: number;
  /** MQTT 5: what a subscriber may know without reading the payload. */
  userProperties?: Record<string, string>;
}

/** Milliseconds from a message's way out to the broker's acknowledgement, of those since the last look. */
export interface Latency {
  medianMs: number;
  worstMs: number;
}

/** Larger messages than this the broker is asked to keep (MQTT 5): nobody who asks us for something needs more. Bytes. */
const maxIncomingBytes = 1024 * 1024;
/** What a PUBLISH holds besides its payload at most: header, topic, properties. Bytes. */
const publishOverhead = 1024;
/** On its way at once, messages and bytes: enough to fill a slow link, not enough to fill the memory. */
const windowMessages = 64;
const windowBytes = 1024 * 1024;
/** Latencies kept for the next look at them. */
const maxLatencies = 1000;
/** How long the farewell may take, ms. */
const farewellMs = 300;

/**
 * What the daemon publishes with: a {@link Session}, the window of messages that the broker has yet to acknowledge, and what it
 * is known to end sessions for.
 */
export class BrokerClient {
  /** Tells of the broker, and of what it says. */
  readonly session: Session;
  #options: BrokerClientOptions;
  /** What is too large for a broker that does not say so. */
  readonly refusedSize = new RefusedSize(() => performance.now());
  readonly #onRoom: () => void;
  readonly #onWarning: (error: BrokerError) => void;
  /** Not acknowledged yet: messages, and their bytes. */
  #inFlight = 0;
  #bytesInFlight = 0;
  #latencies: number[] = [];
  /** Topics whose trouble has been told in this session. */
  readonly #warned = new Set<string>();

  /**
   * @param onRoom called when {@link room} has grown
   * @param onWarning called with what a broker does not take
   * @throws ConfigError if the URL is none of a broker, or a file of the TLS settings can't be read
   */
  constructor(
    options: BrokerClientOptions,
    onRoom: () => void = () => {},
    onWarning: (error: BrokerError) => void = () => {},
  ) {
    this.#options = options;
    this.#onRoom = onRoom;
    this.#onWarning = onWarning;
    this.session = new Session(sessionOptions(options));
    const ended = () => this.#sessionEnded();
    this.session
      .on('away', ended)
      .on('refused', ended)
      .on('connected', () => this.#warned.clear());
  }

  /** The broker has accepted us, and the session holds. */
  get connected(): boolean {
    return this.session.limits !== undefined;
  }

  /** Messages that may be handed over now. */
  get room(): number {
    const { limits } = this.session;
    if (limits === undefined || this.#bytesInFlight >= windowBytes) return 0;
    return Math.min(windowMessages, limits.receiveMaximum) - this.#inFlight;
  }

  /** Largest payload that the broker takes, bytes, as far as is known. */
  get maximumPayload(): number {
    return Math.min(this.#saidMaximum, this.refusedSize.limit - 1);
  }

  /** The same, as the broker itself has said. */
  get #saidMaximum(): number {
    return (this.session.limits?.maximumPacketSize ?? Number.POSITIVE_INFINITY) - publishOverhead;
  }

  /** The broker would end the session for such a message. */
  isTooLarge(topic: string, payload: string | Buffer): boolean {
    const bytes = Buffer.byteLength(payload);
    if (bytes >= this.refusedSize.limit) return true; // that was told
    if (bytes <= this.#saidMaximum) return false;
    this.warnOnce(topic, tooLarge(topic, bytes));
    return true;
  }

  /** A broker that does not take one message of a topic will not take the next one, either. */
  warnOnce(topic: string, error: BrokerError): void {
    if (this.#warned.has(topic)) return;
    this.#warned.add(topic);
    this.#onWarning(error);
  }

  /** Begins to look for a broker. Whatever the first answer is, attempts go on until {@link stop}. */
  start(): void {
    this.session.start();
  }

  /**
   * Hands a message over, QoS 1. Order is kept: MQTT keeps it on one connection. When the session ends, it is given back.
   * Only when {@link connected}, and only while there is {@link room}.
   */
  publish(topic: string, payload: string | Buffer, options: PublishOptions, acknowledged: Acknowledged): void {
    const sentAt = performance.now();
    this.#inFlight++;
    this.#bytesInFlight += payload.length;
    const answered = this.refusedSize.send(topic, Buffer.byteLength(payload));
    this.session.publish(topic, payload, { retain: options.retain, ...this.#properties(options) }, (error) => {
      this.#inFlight--;
      this.#bytesInFlight -= payload.length;
      const isAnswered = error === undefined || error instanceof PublishError;
      if (isAnswered) answered(error === undefined);
      if (isAnswered && this.#latencies.length < maxLatencies) this.#latencies.push(performance.now() - sentAt);
      acknowledged(error);
      if (this.connected) this.#onRoom();
    });
  }

  /** Hands a message over, QoS 0: nobody says whether it arrived. Passed over while there is no broker, or a slow one. */
  publishOnce(topic: string, payload: string, options: Omit<PublishOptions, 'retain'>): void {
    if (!this.connected || this.session.unsentBytes > windowBytes) return;
    this.session.publish(topic, payload, { qos: 0, ...this.#properties(options) }, () => {}); // the end of the session is told elsewhere
  }

  /** How long the broker took to acknowledge since this was last asked; undefined if it acknowledged nothing. */
  takeLatency(): Latency | undefined {
    const sorted = this.#latencies.sort((a, b) => a - b);
    this.#latencies = [];
    const worstMs = sorted.at(-1);
    return worstMs === undefined ? undefined : { medianMs: percentile(sorted, 0.5), worstMs };
  }

  /** If the broker's certificate is not verified: anybody may have taken its place. */
  get unverified(): BrokerError | undefined {
    const { url } = this.session;
    if (!isSecure(url) || this.#options.tls?.verify !== false) return undefined;
    const message =
      `THE CERTIFICATE OF ${url} IS NOT VERIFIED: anybody between here and there can read and change everything, the ` +
      'password included. Remove `mqtt.tls.verify: false`; to trust a certificate of your own, name it in `mqtt.tls.ca`';
    return new BrokerError('ERR_BROKER_UNVERIFIED', 'broker', message);
  }

  /**
   * Checks whether other brokers, or another way to reach them, can be used.
   *
   * @returns what says `offline` at the present one, and begins a session there
   * @throws ConfigError where they can't
   */
  other(access: Partial<BrokerClientOptions>): () => Promise<void> {
    const options = { ...this.#options, ...access };
    const use = this.session.other(sessionOptions(options));
    return async () => {
      await use(() => this.#sayOffline());
      this.#options = options;
    };
  }

  /** Says `offline` if there is a broker, and closes; within half a second. */
  async stop(): Promise<void> {
    await this.session.stop(() => this.#sayOffline());
  }

  /** @returns whether the broker has it; if not, its last will for us says the same */
  #sayOffline(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, farewellMs, false);
      this.session.publish(this.#options.statusTopic, 'offline', { retain: true }, (error) => {
        clearTimeout(timer);
        resolve(error === undefined);
      });
    });
  }

  #sessionEnded(): void {
    const refused = this.refusedSize.sessionEnded();
    if (refused !== undefined) this.#onWarning(endsSession(refused.topic, refused.bytes));
  }

  #properties(options: Omit<PublishOptions, 'retain'>): Pick<IClientPublishOptions, 'properties'> {
    if (this.session.version !== 5) return {};
    const { contentType, correlationData, expirySeconds, userProperties } = options;
    const properties = {
      ...(contentType !== undefined && { contentType }),
      ...(correlationData !== undefined && { correlationData }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      ...(userProperties !== undefined && { userProperties }),
    };
    return { properties };
  }
}

function sessionOptions(options: BrokerClientOptions): SessionOptions {
  const { url, fallbackUrls = [], clientId, statusTopic, connectMs, keepAliveSeconds, backoff, random } = options;
  return {
    brokers: [url, ...fallbackUrls].map((each) => configuredBroker(each, options)),
    names: settingNames,
    clientId,
    will: { topic: statusTopic, payload: 'offline' },
    maximumPacketSize: maxIncomingBytes,
    connectMs,
    keepAliveSeconds,
    backoff,
    random,
  };
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
