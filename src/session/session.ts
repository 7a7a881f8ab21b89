// eventemitter3: Node's own emitter does not exist in a browser.
import { EventEmitter } from 'eventemitter3';
// The default export is the one that mqtt.js's builds for Node and for browsers have in common.
import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { BrokerError } from '../contract/errors.js';
import { type BackoffOptions, defaultBackoff } from '../timing/backoff.js';
import { type Broker, BrokerChoice } from './broker-choice.js';
import {
  awayError,
  briefError,
  connectError,
  disconnectError,
  isUnsupportedVersion,
  publishError,
  reasonOf,
  type SettingNames,
  subscriptionError,
} from './broker-error.js';

export interface SessionOptions {
  /** In order of preference: the next ones stand in while the first is away. */
  brokers: readonly Broker[];
  /** What errors call the settings that may have to be changed. */
  names: SettingNames;
  /** By default the library makes one up. */
  clientId?: string | undefined;
  /** What the broker says for us, retained, when it loses us. */
  will?: { topic: string; payload: string } | undefined;
  /** How long the broker keeps subscriptions, and messages for them, while we are away; s. 0: not at all. */
  expirySeconds?: number | undefined;
  /** The broker is asked to keep larger messages to itself (MQTT 5), bytes. */
  maximumPacketSize?: number | undefined;
  /** How long an attempt may take until the broker has accepted us, ms. */
  connectMs: number;
  /** Silence after which we ask whether the broker is alive, s. */
  keepAliveSeconds?: number | undefined;
  backoff?: BackoffOptions | undefined;
  /** As `Math.random`. */
  random?: (() => number) | undefined;
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

/** Called once: without an error when the broker has acknowledged, else when it did not, or the session ended. */
export type Acknowledged = (error?: BrokerError) => void;

export interface SessionEvents {
  /** The broker has accepted us. */
  connected: (url: string) => void;
  /** The broker has answered the subscriptions of a new session; with those that it refused. */
  subscribed: (refused: BrokerError[]) => void;
  /** No broker, or none any more; the next attempt comes after `retryMs`. */
  away: (error: BrokerError, retryMs: number) => void;
  /** There is a broker, and it said no: somebody has to change something. We try again all the same. */
  refused: (error: BrokerError, retryMs: number) => void;
  message: (message: IncomingMessage) => void;
  /** The broker refused a subscription that was added while connected. The session goes on. */
  subscriptionRefused: (error: BrokerError) => void;
}

/** What a broker says in its CONNACK that it takes (MQTT 5). */
export interface Limits {
  /** Messages of QoS 1 that it has not acknowledged. */
  receiveMaximum: number;
  /** Bytes. */
  maximumPacketSize: number;
}

/** How long the broker may take to close the connection after our DISCONNECT, ms. */
const closeMs = 200;

/**
 * One session with a broker after the other, until it is stopped. Each attempt has an MqttClient of its own, without a
 * queue, a store or a reconnect of its own: what was on its way when a session ended is given back, and the caller's to
 * send again. So a late event of an old attempt finds that it is no longer the current one, and nothing is ever sent
 * twice by two parties.
 */
export class Session extends EventEmitter<SessionEvents> {
  #options: SessionOptions;
  #choice: BrokerChoice;
  readonly #filters = new Set<string>();
  /** Of the present session. */
  readonly #unacknowledged = new Set<{ acknowledged: Acknowledged }>();
  #client: MqttClient | undefined;
  #limits: Limits | undefined;
  #isSubscribed = false;
  /** For the next attempt, or until the present session counts as stable. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = true;

  /** @throws ConfigError if a broker's settings are wrong, or a file that they name can't be read */
  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    this.#choice = choiceOf(options);
  }

  /** The URL, without user and password, of the broker that is tried or used now. */
  get url(): string {
    return this.#choice.shown;
  }

  /** The MQTT version that is spoken with it: 5, or 4, which is 3.1.1. */
  get version(): 4 | 5 {
    return this.#choice.version;
  }

  /** What the broker takes; undefined while there is none. */
  get limits(): Limits | undefined {
    return this.#limits;
  }

  /** The broker has also answered our subscriptions. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Begins to look for a broker. Whatever the first answer is, attempts go on until {@link stop}. */
  start(): void {
    this.#isStopped = false;
    this.#open();
  }

  /**
   * Starts, and resolves when a broker has answered the subscriptions. If none does, it stops.
   *
   * @param timeoutMs by default each broker is tried once
   * @param signal gives it up
   * @throws BrokerError `ERR_BROKER_REFUSED` as soon as a broker says no; the error of the last attempt (`ERR_BROKER_AWAY`,
   * `ERR_BROKER_BUSY`) if none answers in time; or the signal's reason
   */
  async open({ timeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const settled = new AbortController();
    try {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const listen = <Name extends keyof SessionEvents>(
          name: Name,
          listener: (...args: Parameters<SessionEvents[Name]>) => void,
        ) => {
          this.on(name, listener as never);
          settled.signal.addEventListener('abort', () => this.off(name, listener as never));
        };
        let last = awayError(this.url, new Error('it did not answer in time'));
        listen('subscribed', () => resolve());
        listen('refused', reject);
        listen('away', (error) => {
          last = error;
          if (timeoutMs === undefined && this.#choice.isFirst) reject(error);
        });
        signal?.addEventListener('abort', () => reject(signal.reason), { signal: settled.signal });
        if (timeoutMs !== undefined) {
          const timer = setTimeout(() => reject(last), timeoutMs);
          settled.signal.addEventListener('abort', () => clearTimeout(timer));
        }
        this.start();
      });
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      settled.abort();
    }
  }

  /** Hands a message over, by default of QoS 1. Order is kept: MQTT keeps it on one connection. */
  publish(topic: string, payload: string | Buffer, options: IClientPublishOptions, acknowledged: Acknowledged): void {
    const { url } = this;
    const client = this.#accepted;
    if (client === undefined) {
      acknowledged(awayError(url));
      return;
    }
    const message = { acknowledged };
    this.#unacknowledged.add(message);
    client.publish(topic, payload, { qos: 1, ...options }, (error) => {
      if (!this.#unacknowledged.delete(message)) return; // its session has ended, and it was given back
      acknowledged(error ? publishError(url, topic, error) : undefined);
    });
  }

  /** Resolves when the broker has acknowledged. @throws BrokerError `ERR_BROKER_AWAY`, `ERR_BROKER_PUBLISH` */
  publishAsync(topic: string, payload: string, options: IClientPublishOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.publish(topic, payload, options, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Bytes that the system has not taken from us yet. */
  get unsentBytes(): number {
    return this.#accepted?.stream.writableLength ?? 0;
  }

  /** Listens to a topic or a filter in this session and all later ones. */
  subscribe(filter: string): void {
    this.#filters.add(filter);
    const client = this.#accepted;
    if (client === undefined) return;
    void this.#subscribe(client, [filter]).then((refused) => {
      for (const error of refused ?? []) this.emit('subscriptionRefused', error);
    });
  }

  unsubscribe(filter: string): void {
    if (this.#filters.delete(filter)) this.#accepted?.unsubscribe(filter, () => {});
  }

  /** Ends the session as if it had been lost; the next attempt comes after a pause. */
  drop(error: BrokerError): void {
    if (this.#client !== undefined) this.#ended(this.#client, error);
  }

  /**
   * Checks whether other brokers, or another way to reach them, can be used.
   *
   * @returns what ends the session, after a farewell as {@link stop} does it, and begins the next one there at once
   * @throws ConfigError as the constructor does; then all is as before
   */
  other(options: SessionOptions): (farewell: () => Promise<boolean>) => Promise<void> {
    const choice = choiceOf(options);
    return async (farewell) => {
      const isHeard = this.#accepted !== undefined && (await farewell());
      if (this.#isStopped) return;
      const [client, left] = [this.#client, this.url];
      [this.#options, this.#choice] = [options, choice];
      this.#client = undefined; // from here on, the end of its session is no news
      if (isHeard && client !== undefined) await disconnect(client);
      if (client !== undefined) this.#discard(client);
      clearTimeout(this.#timer);
      this.emit('away', new BrokerError('ERR_BROKER_CHANGED', 'broker', `${left} is left for ${this.url}`), 0);
      if (!this.#isStopped) this.#open();
    };
  }

  /**
   * Ends the session and all attempts. From the call on, nothing is told any more.
   *
   * @param farewell what is to be said before, and whether the broker has heard it. If it has not, the connection is cut
   * without a DISCONNECT, which would make the broker forget the last will
   */
  async stop(farewell: () => Promise<boolean> = async () => true): Promise<void> {
    this.#isStopped = true;
    const client = this.#accepted;
    if (client !== undefined && (await farewell()) && this.#client === client) await disconnect(client);
    clearTimeout(this.#timer);
    if (this.#client !== undefined) this.#discard(this.#client);
  }

  /** The connection, if the broker has accepted us. */
  get #accepted(): MqttClient | undefined {
    return this.#limits && this.#client;
  }

  #open(): void {
    const client = mqtt.connect(this.#attemptOptions());
    this.#client = client;
    client.on('connect', ({ properties }) => {
      if (this.#client !== client || this.#isStopped) return;
      // Otherwise a message behind another one waits until the broker's kernel acknowledges that one: 40 ms on Linux.
      (client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
      const { receiveMaximum = 65_535, maximumPacketSize = Number.POSITIVE_INFINITY } = properties ?? {};
      this.#limits = { receiveMaximum, maximumPacketSize };
      this.#timer = setTimeout(() => this.#choice.becameStable(), this.#choice.stableMs);
      void this.#subscribe(client, [...this.#filters]).then((refused) => {
        if (refused === undefined) return;
        this.#isSubscribed = true;
        this.emit('subscribed', refused);
      });
      this.emit('connected', this.url);
    });
    client.on('message', (topic, payload, { retain, properties }) => {
      if (this.#client !== client || this.#isStopped) return;
      const { responseTopic, correlationData } = properties ?? {};
      this.emit('message', {
        topic,
        payload,
        retain,
        ...(responseTopic !== undefined && { responseTopic }),
        ...(correlationData !== undefined && { correlationData }),
      });
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      this.#ended(client, disconnectError(this.url, reasonCode, this.#options.names));
    });
    client.on('error', (error) => {
      const reason = reasonOf(error);
      if (this.#client === client && isUnsupportedVersion(reason) && this.#choice.fallBack()) {
        this.#discard(client);
        if (!this.#isStopped) this.#open();
        return;
      }
      const { names } = this.#options;
      this.#ended(client, reason === undefined ? awayError(this.url, error) : connectError(this.url, reason, names));
    });
    client.on('close', () => this.#ended(client, awayError(this.url)));
  }

  #attemptOptions(): IClientOptions {
    const { clientId, will, expirySeconds = 0, maximumPacketSize, connectMs, keepAliveSeconds = 20 } = this.#options;
    const properties = {
      ...(maximumPacketSize !== undefined && { maximumPacketSize }),
      ...(expirySeconds > 0 && { sessionExpiryInterval: expirySeconds }),
    };
    return {
      ...this.#choice.connectOptions(),
      clean: expirySeconds === 0,
      keepalive: keepAliveSeconds,
      connectTimeout: connectMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      writeCache: false, // it is a Buffer for each of 65,536 numbers: 8 MB
      ...(clientId !== undefined && { clientId }),
      ...(will !== undefined && { will: { ...will, qos: 1, retain: true } }),
      ...(this.version === 5 && { properties }),
    };
  }

  /**
   * All filters in one packet: the broker answers for each of them.
   *
   * @returns an error for each that it refused; undefined if the session ended meanwhile
   */
  async #subscribe(client: MqttClient, filters: readonly string[]): Promise<BrokerError[] | undefined> {
    if (filters.length === 0) return [];
    const answer = await new Promise<{ error: Error | null; granted: readonly (number | undefined)[] }>((resolve) => {
      client.subscribe([...filters], { qos: 1 }, (error, _topics, packet) => {
        resolve({ error, granted: (packet as { granted?: number[] } | undefined)?.granted ?? [] });
      });
    });
    if (this.#client !== client || this.#isStopped) return undefined;
    return filters.flatMap((filter, index) => {
      const reason = answer.granted[index] ?? (answer.error === null ? 0 : 128);
      return reason < 128 ? [] : subscriptionError(this.url, filter, reason);
    });
  }

  /** An attempt or its session is over, and the next one is set up. */
  #ended(client: MqttClient, reason: BrokerError): void {
    if (this.#client !== client) return;
    const wasConnected = this.#limits !== undefined;
    const isBrief = this.#choice.ended(wasConnected) && reason.code === 'ERR_BROKER_AWAY';
    const error = isBrief ? briefError(this.url, this.#options.names) : reason;
    this.#discard(client);
    if (this.#isStopped) return;
    const hasConflict = error.code === 'ERR_BROKER_BRIEF' || error.code === 'ERR_BROKER_TAKEN_OVER';
    const retryMs = this.#choice.next(wasConnected, hasConflict);
    this.#timer = setTimeout(() => this.#open(), retryMs);
    this.emit(refusals.has(error.code) ? 'refused' : 'away', error, retryMs);
  }

  #discard(client: MqttClient): void {
    clearTimeout(this.#timer);
    this.#client = undefined;
    this.#limits = undefined;
    this.#isSubscribed = false;
    client.end(true);
    const given = [...this.#unacknowledged];
    this.#unacknowledged.clear();
    for (const { acknowledged } of given) acknowledged(awayError(this.url));
  }
}

function choiceOf({ brokers, backoff = defaultBackoff, random = Math.random }: SessionOptions): BrokerChoice {
  return new BrokerChoice(brokers, backoff, random);
}

/** Errors that somebody has to do something about. */
const refusals: ReadonlySet<string> = new Set(['ERR_BROKER_REFUSED', 'ERR_BROKER_PUBLISH', 'ERR_BROKER_SUBSCRIBE']);

/** DISCONNECT, and the end of the connection, or what comes of it in time. */
async function disconnect(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, closeMs);
    client.end(false, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
