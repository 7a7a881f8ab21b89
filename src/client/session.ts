// eventemitter3: Node's own emitter does not exist in a browser.
import { EventEmitter } from 'eventemitter3';
// The default export is the one that mqtt.js's builds for Node and for browsers have in common.
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { maskUrl } from '../config/mask.js';
import { BrokerError } from '../contract/errors.js';

/** What a TLS connection needs, each as the text of a PEM file. In a browser, the browser's own settings count. */
export interface TlsOptions {
  /** The certificates to be trusted, in place of the system's. */
  ca?: string | undefined;
  /** Our own, where the broker wants one. */
  certificate?: string | undefined;
  key?: string | undefined;
  /** The name that the broker's certificate is for, where it is not the address's. */
  serverName?: string | undefined;
  /** False: anybody in between can read and change everything. For trials only. */
  verify?: boolean | undefined;
}

export interface SessionOptions {
  /** Tried in turn. */
  urls: readonly string[];
  username?: string | undefined;
  password?: string | undefined;
  tls?: TlsOptions | undefined;
  clientId?: string | undefined;
  /** How long the broker keeps the session, and events for it, while we are away; s. 0: not at all. */
  expirySeconds: number;
  keepAliveSeconds: number;
  connectMs: number;
  /** The pause after the first failed attempt, and the longest; ms. */
  retryMs: readonly [first: number, longest: number];
  filters: readonly string[];
  /** As `Math.random`. */
  random: () => number;
}

interface SessionEvents {
  message: (topic: string, payload: Uint8Array) => void;
  /** Subscribed. */
  connected: (url: string) => void;
  /** No broker, for now; the next attempt comes after `retryMs`. */
  away: (error: BrokerError, retryMs: number) => void;
}

/** A session that has lasted that long was a success: the next pause is the shortest again. ms. */
const stableMs = 10_000;
/** The MQTT version that a broker does not speak, by 3.1.1's number and by 5's. */
const wrongVersion = [1, 132];
/** Said by a broker that would like to, but can't right now. */
const passing = new Set([3, 128, 131, 136, 137, 139, 151, 159]);
const takenOverReason = 142;
/** Older brokers don't say that it was a take-over: so many sessions that end as soon as they begin are no chance. */
const briefTold = 3;

/** A subscription that lasts: one session with a broker after the other, each with an MqttClient of its own. */
export class Session extends EventEmitter<SessionEvents> {
  readonly #options: SessionOptions;
  readonly #old = new Set<string>();
  #client: MqttClient | undefined;
  #subscribed = false;
  #place = 0;
  /** Attempts without success. */
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #first: { resolve: () => void; reject: (error: BrokerError) => void } | undefined;
  /** Sessions in a row that ended soon, and came back at the first attempt. */
  #brief = 0;
  #stopped = false;

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
  }

  get connected(): boolean {
    return this.#subscribed;
  }

  /**
   * Resolves when it is subscribed.
   *
   * @param signal gives it up
   * @throws BrokerError `ERR_BROKER_REFUSED` where a broker says no, `ERR_BROKER_AWAY` where none answers in time
   */
  async start(signal?: AbortSignal): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let abort: (() => void) | undefined;
    try {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        this.#first = { resolve, reject };
        abort = () => reject(signal?.reason);
        signal?.addEventListener('abort', abort);
        let last: BrokerError | undefined;
        this.on('away', (error) => {
          last = error;
        });
        const { urls, connectMs } = this.#options;
        timer = setTimeout(() => {
          reject(last ?? away(this.#url, new Error(`no answer within ${connectMs / 1000} s`)));
        }, connectMs * urls.length);
        this.#open();
      });
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal?.removeEventListener('abort', abort);
      this.#first = undefined;
      this.removeAllListeners('away');
    }
  }

  /** QoS 1. Resolves when the broker has it. */
  async publish(topic: string, payload: string): Promise<void> {
    const client = this.#client;
    if (client === undefined || !this.#subscribed) throw away(this.#url, undefined);
    await client.publishAsync(topic, payload, { qos: 1 });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => client.end(true, () => resolve()), 500);
      client.end(!this.#subscribed, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#subscribed = false;
  }

  get #url(): string {
    return this.#options.urls[this.#place] ?? '';
  }

  #open(): void {
    const url = this.#url;
    const client = mqtt.connect(url, connectOptions(url, this.#options, this.#old.has(url) ? 4 : 5));
    this.#client = client;
    client.on('connect', () => void this.#subscribe(client, url));
    client.on('message', (topic, payload) => {
      if (this.#client === client) this.emit('message', topic, payload);
    });
    client.on('disconnect', ({ reasonCode = 0 }) => this.#ended(client, ended(url, reasonCode)));
    client.on('error', (error) => {
      const { code } = error as { code?: unknown };
      if (typeof code === 'number' && wrongVersion.includes(code) && !this.#old.has(url)) {
        this.#old.add(url);
        this.#drop(client);
        if (!this.#stopped) this.#open();
        return;
      }
      this.#ended(client, typeof code === 'number' ? refused(url, code) : away(url, error));
    });
    client.on('close', () => this.#ended(client, away(url, undefined)));
  }

  async #subscribe(client: MqttClient, url: string): Promise<void> {
    try {
      await client.subscribeAsync([...this.#options.filters], { qos: 1 });
    } catch (error) {
      const message = `the broker ${maskUrl(url)} does not let us read ${this.#options.filters.join(', ')}`;
      this.#ended(client, new BrokerError('ERR_BROKER_REFUSED', 'broker', message, { cause: error }));
      return;
    }
    if (this.#client !== client) return;
    this.#subscribed = true;
    this.#timer = setTimeout(() => {
      this.#attempts = this.#brief = 0;
    }, stableMs);
    this.#first?.resolve();
    this.emit('connected', maskUrl(url));
  }

  #ended(client: MqttClient, reason: BrokerError): void {
    if (this.#client !== client) return;
    this.#brief = this.#subscribed ? this.#brief + 1 : 0;
    const error = this.#brief < briefTold ? reason : takenOver(this.#url);
    this.#drop(client);
    if (this.#stopped) return;
    if (error.code === 'ERR_BROKER_REFUSED') this.#first?.reject(error);
    const { urls, random, retryMs: bounds } = this.#options;
    const [first, longest] = bounds;
    this.#place = (this.#place + 1) % urls.length;
    // Who was thrown out by another one of the same name must not throw that one out in turn.
    const patient = error.code === 'ERR_BROKER_TAKEN_OVER';
    const round = Math.floor(this.#attempts++ / urls.length);
    const pause = patient ? longest : Math.min(longest, first * 2 ** Math.min(round, 16));
    // The next broker of the list is tried at once.
    const retryMs = !patient && this.#attempts % urls.length !== 0 ? 0 : Math.round(pause * (1 - random() / 2));
    this.#timer = setTimeout(() => this.#open(), retryMs);
    this.emit('away', error, retryMs);
  }

  #drop(client: MqttClient): void {
    clearTimeout(this.#timer);
    this.#client = undefined;
    this.#subscribed = false;
    client.end(true);
  }
}

function connectOptions(url: string, options: SessionOptions, protocolVersion: 4 | 5): IClientOptions {
  const { username, password, tls, clientId, expirySeconds, keepAliveSeconds, connectMs } = options;
  const secure = /^(mqtts|wss):/.test(url);
  const lasting = expirySeconds > 0;
  return {
    protocolVersion,
    clean: !lasting,
    keepalive: keepAliveSeconds,
    connectTimeout: connectMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(clientId !== undefined && { clientId }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(lasting && protocolVersion === 5 && { properties: { sessionExpiryInterval: expirySeconds } }),
    ...(secure && {
      rejectUnauthorized: tls?.verify ?? true,
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.certificate !== undefined && { cert: tls.certificate }),
      ...(tls?.key !== undefined && { key: tls.key }),
      ...(tls?.serverName !== undefined && {
        servername: tls.serverName,
        wsOptions: { servername: tls.serverName } as object,
      }),
    }),
  };
}

function refused(url: string, reason: number): BrokerError {
  if (passing.has(reason)) {
    const message = `the broker ${maskUrl(url)} can't take us now (reason ${reason})`;
    return new BrokerError('ERR_BROKER_BUSY', 'broker', message);
  }
  const why = [4, 5, 134, 135].includes(reason) ? 'not authorised; check user, password and what they may read' : 'no';
  return new BrokerError('ERR_BROKER_REFUSED', 'broker', `the broker ${maskUrl(url)} says ${why} (reason ${reason})`);
}

function ended(url: string, reason: number): BrokerError {
  if (reason === takenOverReason) return takenOver(url);
  return away(url, new Error(`it ended the session (reason ${reason})`));
}

function takenOver(url: string): BrokerError {
  const message = `another client with our client id took over our session at ${maskUrl(url)}: give one another`;
  return new BrokerError('ERR_BROKER_TAKEN_OVER', 'broker', message);
}

function away(url: string, cause: Error | undefined): BrokerError {
  const why =
    cause === undefined ? 'the connection was lost' : cause.message || String((cause as { code?: string }).code);
  return new BrokerError('ERR_BROKER_AWAY', 'broker', `the broker ${maskUrl(url)} is away: ${why}`, { cause });
}
