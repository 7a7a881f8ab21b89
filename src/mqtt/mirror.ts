import type { Event } from '../contract/event.js';
import { BrokerClient, type BrokerClientOptions } from './client.js';

/** How another contract tells of our events, and where it says whether we are there. */
export interface Mirror {
  readonly available: string;
  /** What it says of an event, in order. Called again when the event is sent again. */
  events(event: Event): { topic: string; payload: string }[];
  /** Where a snapshot of that class stands; undefined: nowhere. */
  snapshotTopic(camera: string, className: string): string | undefined;
}

/**
 * Says `online` at one topic, in a session of its own: a session has one last will, and ours is at our own topic. Whatever
 * goes wrong is told by the main session, which has the same broker.
 */
export class Availability {
  readonly #client: BrokerClient;

  constructor(options: BrokerClientOptions) {
    this.#client = new BrokerClient(options);
    this.#client.session.on('connected', () => {
      this.#client.publish(options.statusTopic, 'online', { retain: true }, () => {});
    });
  }

  /** See {@link BrokerClient.other}. */
  other(access: Partial<BrokerClientOptions>): () => Promise<void> {
    return this.#client.other(access);
  }

  start(): void {
    this.#client.start();
  }

  /** Says `offline`. */
  async stop(): Promise<void> {
    await this.#client.stop();
  }
}
