import type { IClientOptions } from 'mqtt';
import { type BackoffOptions, backoff } from '../timing/backoff.js';
import { type BrokerAccess, connectOptions, parseBrokerUrl } from './connect-options.js';

/** A session that has lasted that long was a success: the next pause is the shortest again. ms. */
const stableMs = 10_000;
/** So many sessions that end before that are no chance. */
const briefTold = 3;
/** Who finds another one of its name stays away for up to so many times the longest pause: 10 minutes by default. */
const longestYield = 20;

export interface Broker {
  url: string;
  /** As it may be shown: without user and password. */
  shown: string;
  /** 5, and 3.1.1 (4) where it does not speak that. */
  version: 4 | 5;
  connectOptions: IClientOptions;
}

export interface BrokerChoiceOptions extends BrokerAccess {
  url: string;
  fallbackUrls?: readonly string[] | undefined;
  backoff: BackoffOptions;
  /** As `Math.random`. */
  random: () => number;
}

/** Which broker is tried next, and after which pause. Holds no timer: the caller waits. */
export class BrokerChoice {
  readonly #options: BrokerChoiceOptions;
  /** In the order in which they are tried. */
  readonly #brokers: Broker[];
  #place = 0;
  #delays: Generator<number, never>;
  /** Sessions in a row that did not last, and came back at the first attempt. */
  #brief = 0;
  /** How often it has been told that there is another one of our name. */
  #conflicts = 0;

  /** @throws ConfigError where the URL is none of a broker, or a file of the TLS settings can't be read */
  constructor(options: BrokerChoiceOptions) {
    this.#options = options;
    const { url, fallbackUrls = [] } = options;
    this.#brokers = [url, ...fallbackUrls].map((each): Broker => {
      const { protocol, host } = parseBrokerUrl(each);
      return { url: each, shown: `${protocol}//${host}`, version: 5, connectOptions: connectOptions(each, options) };
    });
    this.#delays = backoff(options.backoff, options.random);
  }

  /** The broker that is tried or used now. */
  get broker(): Broker {
    return this.#brokers[this.#place] as Broker;
  }

  /** It is the first of all. */
  get isFirst(): boolean {
    return this.#place === 0;
  }

  /** How long a session that has just begun must last to be a success, ms. */
  get stableMs(): number {
    // The other one of our name stays away for so long, and may come back.
    return this.#conflicts > 0 ? 2 * this.#longestYieldMs : stableMs;
  }

  /** The broker that is tried or used now, with its TLS files as they are now. */
  refresh(): Broker {
    const { broker } = this;
    try {
      broker.connectOptions = connectOptions(broker.url, this.#options);
    } catch {
      // A certificate that is just being replaced: the one that was read before will do.
    }
    return broker;
  }

  /** An attempt is over, or a session. @returns whether sessions end as soon as they begin again and again */
  ended(wasConnected: boolean): boolean {
    // A broker that falls again and again is away in between; one that takes us at once, and drops us, has another one.
    this.#brief = wasConnected ? this.#brief + 1 : 0;
    return this.#brief >= briefTold;
  }

  /**
   * Goes on to the next one.
   *
   * @param hasConflict there is another one of our name: each time we stay away for longer, so that one of us can work
   * @returns the pause before it, ms
   */
  next(wasConnected: boolean, hasConflict: boolean): number {
    // After each session the first broker comes first; while it is away, the others, without a pause between them.
    this.#place = wasConnected ? 0 : (this.#place + 1) % this.#brokers.length;
    if (!hasConflict) return this.#place > 0 ? 0 : this.#delays.next().value;
    const { backoff, random } = this.#options;
    const pauseMs = this.#longestYieldMs;
    this.#conflicts++;
    return Math.round(pauseMs * (1 - backoff.jitter * random()));
  }

  /** Only after a while: two daemons of one name, or a broker that dies of what we say, must not be met in a rush. */
  becameStable(): void {
    this.#brief = this.#conflicts = 0;
    this.#delays = backoff(this.#options.backoff, this.#options.random);
  }

  get #longestYieldMs(): number {
    return this.#options.backoff.maxMs * Math.min(longestYield, 2 ** this.#conflicts);
  }
}
