import type { Frigate, FrigateMessage } from '../../mqtt/frigate.js';
import type { Publisher } from '../../mqtt/publisher.js';
import type { RequestServer } from '../../mqtt/request-server.js';
import { readRetained } from '../../mqtt/retained-topics.js';
import type { Configuration } from '../configuration.js';
import type { Feed } from '../feed.js';
import type { Part } from '../parts.js';

/** Brings what the daemon says to Frigate's topics, and Frigate's switch to our requests. */
export class FrigateIntegration implements Part {
  readonly name = 'frigate';
  readonly #frigate: Frigate;
  readonly #publisher: Publisher;

  /**
   * @param frigate the publisher says each event in its words, too
   * @param version of the daemon
   */
  constructor(
    frigate: Frigate,
    publisher: Publisher,
    requests: RequestServer,
    feed: Feed,
    configuration: Configuration,
    version: string,
  ) {
    this.#frigate = frigate;
    this.#publisher = publisher;
    feed
      .on('cameraSettings', (settings) => {
        for (const message of frigate.switches(settings)) this.#tell(message);
      })
      .on('health', (health) => this.#tell(frigate.stats(health, version)))
      .on('cameraRemoved', (camera) => void this.#clear(camera))
      .on('cameraState', (state) => {
        const wanted = configuration.settings.cameras[state.camera]?.classes;
        const classes = configuration.model.card.classes.filter((one) => wanted?.includes(one) ?? true);
        for (const message of frigate.state(state, classes, configuration.cameras)) this.#tell(message);
      });
    publisher.on('message', ({ topic, payload, retain }) => {
      const command = frigate.command(topic, String(payload));
      if (command === undefined || retain || !configuration.cameras.includes(command.camera)) return;
      // Detection is a request like any other: limited, counted, and answered on our own response topic.
      if (command.name === 'detect') {
        const needs = { camera: command.camera, enabled: command.isOn };
        const request = { topic: publisher.topics.request('detect'), payload: Buffer.from(JSON.stringify(needs)) };
        void requests.receive({ ...request, retain: false });
      } else if (configuration.settings.requests.changes === true) {
        this.#tell(frigate.set(command));
      }
    });
  }

  start(): void {
    this.#publisher.subscribe(this.#frigate.commands);
  }

  /** That it is away is said by the publisher. */
  stop(): void {}

  /** Also what an earlier run told of it. */
  async #clear(camera: string): Promise<void> {
    this.#frigate.forget(camera);
    const filter = this.#frigate.topicsOf(camera);
    for (const { topic } of (await readRetained(this.#publisher, [filter])) ?? []) {
      if (topic.startsWith(filter.slice(0, -1))) this.#publisher.clear(topic);
    }
  }

  #tell({ topic, payload }: FrigateMessage): void {
    this.#publisher.retain(topic, payload, payload.startsWith('{') ? 'application/json' : 'text/plain');
  }
}
