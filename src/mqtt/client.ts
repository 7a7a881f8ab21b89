import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { BrokerError } from '../contract/errors.js';
import { type BackoffOptions, defaultBackoff } from '../timing/backoff.js';
import { BrokerChoice } from './broker-choice.js';
import {
  awayError,
  briefError,
  connectError,
  deafError,
  disconnectError,
  PublishError,
  reasons,
} from './broker-error.js';
import { type BrokerAccess, isSecure } from './connect-options.js';
import { type Acknowledged, InFlight, type Latency, windowBytes } from './in-flight.js';

export interface BrokerClientOptions extends BrokerAccess {
  /** `mqtt://`, `mqtts://` (the certificate is verified), `ws://` or `wss://`. */
  url: string;
  /** Other brokers that may stand in for it, tried in turn while it is away. */
  fallbackUrls?: readonly string[] | undefined;
  clientId: string;
  /** Says `offline`, retained, at the end, as the broker does itself when it loses us; `online` is said by the owner. */
  statusTopic: string;
  /** How long the broker may take to answer, ms. */
  connectMs: number;
  /** Silence after which we ask whether the other side is alive, s. */
  keepAliveSeconds?: number;
  backoff?: BackoffOptions;
  /** As `Math.random`. */
  random?: () => number;
}

export interface BrokerClientEvents {
  /** The broker said yes. */
  connected: [url: string];
  /** No broker, or none any more; the next attempt comes after `retryMs`. */
  away: [error: BrokerError, retryMs: number];
  /** There is a broker, and it said no. Someone has to do something; we try again all the same. */
  refused: [error: BrokerError, retryMs: number];
  /** {@link BrokerClient.room} has grown. */
  room: [];
  /** Something was said on a topic that we listen to. */
  message: [message: IncomingMessage];
  /** The broker does not let us listen to something. The session goes on. */
  deaf: [error: BrokerError];
}

export interface IncomingMessage {
  topic: string;
  payload: Buffer;
  /** It was said before we listened, and the broker has kept it. */
  retain: boolean;
  /** MQTT 5: where the answer is wanted. */
  responseTopic?: string;
  /** MQTT 5: what the answer has to carry. */
  correlationData?: Buffer;
}

export interface PublishOptions {
  retain: boolean;
  contentType?: string;
  /** MQTT 5; left out where the broker speaks 3.1.1. */
  correlationData?: Buffer;
  /** MQTT 5: what nobody has taken by then, the broker forgets. */
  expirySeconds?: number;
  /** MQTT 5: what a subscriber may know without reading the payload. */
  userProperties?: Record<string, string>;
}

/** Larger messages than this the broker is asked to keep (MQTT 5): nobody who asks us for something needs more. Bytes. */
const maxIncomingBytes = 1024 * 1024;
/** How long the farewell may take, ms. */
const farewellMs = 300;

interface Session {
  /** The broker's own limits (MQTT 5). */
  receiveMaximum: number;
  maximumPacketSize: number;
}

/**
 * One session with the broker after the other, for ever. Each attempt has an MqttClient of its own, without a queue,
 * a store or a reconnect of its own: what was on its way when a session ended is the caller's to send again. So a
 * late event of an old attempt finds that it is no longer the current one, and nothing is ever sent twice by two
 * parties.
 */
export class BrokerClient extends EventEmitter<BrokerClientEvents> {
  readonly #options: Required<BrokerClientOptions>;
  readonly #choice: BrokerChoice;
  readonly #inFlight = new InFlight();
  #client: MqttClient | undefined;
  #session: Session | undefined;
  /** For the next attempt, or until the present session counts as stable. */
  #timer: NodeJS.Timeout | undefined;
  /** Whoever waits for the outcome of the first attempt. */
  #firstAnswer: { resolve: () => void; reject: (error: BrokerError) => void } | undefined;
  readonly #filters = new Set<string>();
  #stopped = true;

  /** @throws ConfigError where the URL is none of a broker, or a file of the TLS settings can't be read */
  constructor(options: BrokerClientOptions) {
    super();
    this.#options = {
      keepAliveSeconds: 20,
      backoff: defaultBackoff,
      random: Math.random,
      username: undefined,
      password: undefined,
      tls: undefined,
      fallbackUrls: undefined,
      ...options,
    };
    this.#choice = new BrokerChoice(this.#options);
  }

  /** What is said there is encrypted, but anybody may have taken the broker's place. */
  get unverified(): boolean {
    return isSecure(this.#choice.broker.url) && this.#options.tls?.verify === false;
  }

  /** Its URL as it may be shown: without user and password. */
  get #shown(): string {
    return this.#choice.broker.shown;
  }

  /** The broker said yes, and the session holds. */
  get connected(): boolean {
    return this.#session !== undefined;
  }

  /** Messages that may be handed over now. */
  get room(): number {
    return this.#session === undefined ? 0 : this.#inFlight.room(this.#session.receiveMaximum);
  }

  /** Largest payload that the broker takes, bytes. */
  get maximumPayload(): number {
    // What a PUBLISH holds besides: header, topic, properties.
    return (this.#session?.maximumPacketSize ?? Number.POSITIVE_INFINITY) - 1024;
  }

  /**
   * Resolves after the first attempt at each broker, whether there was a broker or not: an absent one is waited for.
   *
   * @throws BrokerError `ERR_BROKER_REFUSED` where the first answer is a no
   */
  async start(): Promise<void> {
    this.#stopped = false;
    await new Promise<void>((resolve, reject) => {
      this.#firstAnswer = { resolve, reject };
      this.#open();
    });
  }

  /** Begins to look for a broker. Whatever the first answer is, attempts go on until {@link stop}. */
  begin(): void {
    this.#stopped = false;
    this.#open();
  }

  /**
   * Hands a message over, QoS 1. Order is kept: MQTT keeps it on one connection.
   * Only when {@link connected}, and only while there is {@link room}.
   */
  publish(topic: string, payload: string | Buffer, options: PublishOptions, acknowledged: Acknowledged): void {
    const client = this.#client;
    if (this.#session === undefined || client === undefined) {
      acknowledged(awayError(this.#shown));
      return;
    }
    const isAnswered = this.#inFlight.add(acknowledged, payload.length);
    client.publish(topic, payload, { qos: 1, retain: options.retain, ...this.#properties(options) }, (error) => {
      if (!isAnswered()) return;
      const reason = reasonOf(error);
      if (error && reason === undefined) acknowledged(awayError(this.#shown, error));
      else acknowledged(reason === undefined ? undefined : new PublishError(this.#shown, topic, reason));
      if (this.connected) this.emit('room');
    });
  }

  /** Listens to a topic or a filter in this session and all later ones. */
  subscribe(filter: string): void {
    this.#filters.add(filter);
    if (this.#session !== undefined && this.#client !== undefined) this.#listen(this.#client, filter);
  }

  unsubscribe(filter: string): void {
    if (this.#filters.delete(filter) && this.connected) this.#client?.unsubscribe(filter, () => {});
  }

  /** How long the broker took to acknowledge since this was last asked; undefined where it acknowledged nothing. */
  takeLatency(): Latency | undefined {
    return this.#inFlight.takeLatency();
  }

  /** Hands a message over, QoS 0: nobody says whether it arrived. Passed over while there is no broker, or a slow one. */
  publishOnce(topic: string, payload: string, options: Omit<PublishOptions, 'retain'>): void {
    const client = this.#client;
    if (this.#session === undefined || client === undefined || client.stream.writableLength > windowBytes) return;
    client.publish(topic, payload, { qos: 0, retain: false, ...this.#properties(options) }, () => {}); // the end of the session is told elsewhere
  }

  #properties(options: Omit<PublishOptions, 'retain'>): Pick<IClientPublishOptions, 'properties'> {
    if (this.#choice.broker.version !== 5) return {};
    const { contentType, correlationData, expirySeconds, userProperties } = options;
    const properties = {
      ...(contentType !== undefined && { contentType }),
      ...(correlationData !== undefined && { correlationData }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      ...(userProperties !== undefined && { userProperties }),
    };
    return { properties };
  }

  /** Ends the session without a farewell, as if it had been lost; the next attempt comes after a pause. */
  drop(error: BrokerError): void {
    const client = this.#client;
    if (client !== undefined) this.#ended(client, error);
  }

  /** Says `offline` where there is someone to say it to, and closes; within half a second. */
  async stop(): Promise<void> {
    this.#stopped = true; // from here on, the end of the session is no news
    const client = this.#client;
    if (this.connected && client !== undefined) {
      const heard = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(resolve, farewellMs, false);
        this.publish(this.#options.statusTopic, 'offline', { retain: true }, (error) => {
          clearTimeout(timer);
          resolve(error === undefined);
        });
      });
      // A DISCONNECT makes the broker forget the last will. If it did not hear us, the last will says the same.
      if (heard && this.#client === client) await goodbye(client);
    }
    this.#halt();
  }

  #open(): void {
    const client = connect(this.#sessionOptions());
    this.#client = client;
    client.on('connect', (connack) => {
      if (this.#client !== client) return;
      // An event behind its snapshot would wait until the broker's kernel acknowledges that: 40 ms on Linux.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      const { receiveMaximum = 65_535, maximumPacketSize = Number.POSITIVE_INFINITY } = connack.properties ?? {};
      this.#session = { receiveMaximum, maximumPacketSize };
      this.#timer = setTimeout(() => this.#choice.becameStable(), this.#choice.stableMs);
      for (const filter of this.#filters) this.#listen(client, filter);
      this.emit('connected', this.#shown);
      this.#firstAnswer?.resolve();
      this.#firstAnswer = undefined;
    });
    client.on('message', (topic, payload, { retain, properties }) => {
      if (this.#client !== client || this.#stopped) return;
      const { responseTopic, correlationData } = properties ?? {};
      this.emit('message', {
        topic,
        payload,
        retain,
        ...(responseTopic !== undefined && { responseTopic }),
        ...(correlationData !== undefined && { correlationData }),
      });
    });
    client.on('disconnect', (packet) => this.#ended(client, disconnectError(this.#shown, packet.reasonCode ?? 0)));
    client.on('error', (error) => {
      const reason = reasonOf(error);
      const { broker } = this.#choice;
      if (reason !== undefined && broker.version === 5 && isOneOf(reason, reasons.unsupportedVersion)) {
        broker.version = 4;
        this.#discard(client);
        if (!this.#stopped) this.#open();
        return;
      }
      this.#ended(client, reason === undefined ? awayError(this.#shown, error) : connectError(this.#shown, reason));
    });
    client.on('close', () => this.#ended(client, awayError(this.#shown)));
  }

  /** One filter a packet, so that a no is about one. */
  #listen(client: MqttClient, filter: string): void {
    client.subscribe(filter, { qos: 1 }, (error) => {
      if (error && this.#client === client && this.connected) this.emit('deaf', deafError(this.#shown, filter, error));
    });
  }

  #sessionOptions(): IClientOptions {
    const broker = this.#choice.refresh();
    const { clientId, keepAliveSeconds, connectMs, statusTopic } = this.#options;
    return {
      ...broker.connectOptions,
      protocolVersion: broker.version,
      clientId,
      clean: true,
      keepalive: keepAliveSeconds,
      connectTimeout: connectMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      properties: { maximumPacketSize: maxIncomingBytes },
      will: { topic: statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
    };
  }

  /** An attempt or its session is over: everything on its way is given back, and the next one is set up. */
  #ended(client: MqttClient, reason: BrokerError): void {
    if (this.#client !== client) return;
    const wasConnected = this.connected;
    const brief = this.#choice.ended(wasConnected) && reason.code === 'ERR_BROKER_AWAY';
    const error = brief ? briefError(this.#shown, this.#options.clientId) : reason;
    this.#discard(client);
    if (this.#stopped) return;
    if (this.#firstAnswer !== undefined && error.code === 'ERR_BROKER_REFUSED') {
      this.#stopped = true;
      this.#firstAnswer.reject(error);
      this.#firstAnswer = undefined;
      return;
    }
    const conflict = error.code === 'ERR_BROKER_BRIEF' || error.code === 'ERR_BROKER_TAKEN_OVER';
    const retryMs = this.#choice.next(wasConnected, conflict);
    this.#timer = setTimeout(() => this.#open(), retryMs);
    const refused = error.code === 'ERR_BROKER_REFUSED' || error.code === 'ERR_BROKER_PUBLISH';
    this.emit(refused ? 'refused' : 'away', error, retryMs);
    if (!this.#choice.isFirst) return;
    this.#firstAnswer?.resolve();
    this.#firstAnswer = undefined;
  }

  #discard(client: MqttClient): void {
    clearTimeout(this.#timer);
    this.#client = undefined;
    this.#session = undefined;
    client.end(true);
    this.#inFlight.giveBack(awayError(this.#shown));
  }

  #halt(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.#client !== undefined) this.#discard(this.#client);
    this.#firstAnswer?.resolve();
    this.#firstAnswer = undefined;
  }
}

/** DISCONNECT and the end of the connection, within 200 ms. */
async function goodbye(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 200);
    client.end(false, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** mqtt.js puts MQTT's reason into `code`, where Node puts names. */
function reasonOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

function isOneOf(value: number, list: readonly number[]): boolean {
  return list.includes(value);
}
