import type { IClientOptions } from 'mqtt';
import { type BackoffOptions, backoff } from '../timing/backoff.js';

/** A session that has lasted that long was a success: the next pause is the shortest again. ms. */
const stableMs = 10_000;
/** So many sessions in a row that end before that are no chance. */
const briefSessions = 3;
/** Who finds another client of its name stays away for up to so many times the longest pause: 10 minutes by default. */
const longestYield = 20;

/** A broker, and how it is reached. */
export interface Broker {
  /** Its URL as it may be shown: without user and password. */
  readonly shown: string;
  /**
   * mqtt.js's options: the address, and who we are there. Called before each attempt, so that a renewed certificate
   * counts from the next session on.
   */
  connectOptions(): IClientOptions;
}

/** One of the brokers, with what is known of it. */
interface Candidate {
  readonly broker: Broker;
  /** 5, and 4 (MQTT 3.1.1) if it does not speak that. */
  version: 4 | 5;
  connectOptions: IClientOptions;
}

/** Which broker is tried next, and after which pause. Holds no timer: the caller waits. */
export class BrokerChoice {
  readonly #backoff: BackoffOptions;
  readonly #random: () => number;
  /** In the order in which they are tried. */
  readonly #candidates: Candidate[];
  #place = 0;
  #delays: Generator<number, never>;
  /** Sessions in a row that did not last, and came back at the first attempt. */
  #brief = 0;
  /** How often it has been told that there is another client of our name. */
  #conflicts = 0;

  /**
   * @param random as `Math.random`
   * @throws what a broker's `connectOptions` throws
   */
  constructor(brokers: readonly Broker[], backoffOptions: BackoffOptions, random: () => number) {
    this.#backoff = backoffOptions;
    this.#random = random;
    this.#candidates = brokers.map((broker) => ({ broker, version: 5, connectOptions: broker.connectOptions() }));
    this.#delays = backoff(backoffOptions, random);
  }

  /** The URL, as it may be shown, of the broker that is tried or used now. */
  get shown(): string {
    return this.#candidate.broker.shown;
  }

  /** The MQTT version that is spoken with it: 5, or 4, which is 3.1.1. */
  get version(): 4 | 5 {
    return this.#candidate.version;
  }

  /** The next one is the first of all: a round is over, or there was a session. */
  get isFirst(): boolean {
    return this.#place === 0;
  }

  /** How long a session that has just begun must last to be a success, ms. */
  get stableMs(): number {
    // The other client of our name stays away for so long, and may come back.
    return this.#conflicts > 0 ? 2 * this.#longestYieldMs : stableMs;
  }

  /** mqtt.js's options for an attempt at the present broker, with its TLS files as they are now. */
  connectOptions(): IClientOptions {
    const candidate = this.#candidate;
    try {
      candidate.connectOptions = candidate.broker.connectOptions();
    } catch {
      // A certificate that is just being replaced: the one that was read before will do.
    }
    return { ...candidate.connectOptions, protocolVersion: candidate.version };
  }

  /** The broker does not speak the version. @returns whether there is an older one that we speak, to be tried now */
  fallBack(): boolean {
    const candidate = this.#candidate;
    if (candidate.version === 4) return false;
    candidate.version = 4;
    return true;
  }

  /** An attempt is over, or a session. @returns whether sessions end as soon as they begin, again and again */
  ended(wasConnected: boolean): boolean {
    // A broker that falls again and again is away in between; one that takes us at once, and drops us, has another one.
    this.#brief = wasConnected ? this.#brief + 1 : 0;
    return this.#brief >= briefSessions;
  }

  /**
   * Goes on to the next one. After each session that is the first, for the list is in order of preference; while it is
   * away, the others are tried without a pause between them.
   *
   * @param hasConflict there is another client of our name: each time we stay away for longer, so that one of us can work
   * @returns the pause before it, ms
   */
  next(wasConnected: boolean, hasConflict: boolean): number {
    this.#place = wasConnected ? 0 : (this.#place + 1) % this.#candidates.length;
    if (!hasConflict) return this.#place > 0 ? 0 : this.#delays.next().value;
    const pauseMs = this.#longestYieldMs;
    this.#conflicts++;
    return Math.round(pauseMs * (1 - this.#backoff.jitter * this.#random()));
  }

  /** Only after a while: two clients of one name, or a broker that dies of what we say, must not be met in a rush. */
  becameStable(): void {
    this.#brief = this.#conflicts = 0;
    this.#delays = backoff(this.#backoff, this.#random);
  }

  get #candidate(): Candidate {
    return this.#candidates[this.#place] as Candidate;
  }

  get #longestYieldMs(): number {
    return this.#backoff.maxMs * Math.min(longestYield, 2 ** this.#conflicts);
  }
}
