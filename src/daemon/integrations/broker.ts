import type { Settings } from '../../config/schema.js';
import type { EmbeddedBroker } from '../../mqtt/embedded-broker.js';
import type { PublisherOptions } from '../../mqtt/publisher.js';
import type { Log } from '../log.js';
import type { Part } from '../parts.js';

/** Where the broker is, and who we are to it. */
export type BrokerAccess = PublisherOptions['broker'];

/** A broker of our own, for those who name none. */
export class OwnBroker implements Part {
  readonly name = 'broker';
  #broker: EmbeddedBroker | undefined;

  /** @param strict no other port will do */
  constructor(
    private readonly settings: Settings['mqtt']['broker'],
    private readonly strict: boolean,
    private readonly log: Log,
  ) {}

  /** As others reach it. Once it has started. */
  get url(): string {
    return this.#broker?.url ?? '';
  }

  /** As the daemon reaches it. Once it has started. */
  get localUrl(): string {
    return this.#broker?.localUrl ?? '';
  }

  async start(): Promise<void> {
    const { settings, strict, log } = this;
    // Loaded only where it is wanted: it takes time and memory.
    const { EmbeddedBroker } = await import('../../mqtt/embedded-broker.js');
    this.#broker = new EmbeddedBroker({ ...settings, strict });
    this.#broker.on('warning', (error) => log.warn(error.message));
    await this.#broker.start();
  }

  async stop(): Promise<void> {
    await this.#broker?.stop();
  }
}

/** How to reach the broker of the settings, or our own. */
export function brokerAccess(mqtt: Settings['mqtt'], own: OwnBroker | undefined): BrokerAccess {
  const { url, fallbackUrls, username, password, tls, keepAliveSeconds } = mqtt;
  const common = { connectMs: mqtt.connectSeconds * 1000, keepAliveSeconds };
  if (own === undefined && url !== undefined) return { ...common, url, fallbackUrls, username, password, tls };
  return {
    ...common,
    url: own?.localUrl ?? '',
    username: mqtt.broker.username,
    password: mqtt.broker.password,
  };
}
