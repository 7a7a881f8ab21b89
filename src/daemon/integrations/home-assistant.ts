import type { SensorsHealth } from '../../contract/health.js';
import { isRequestOn, requestGroup } from '../../contract/request.js';
import { readIdentity } from '../../device/board.js';
import type { System } from '../../device/system.js';
import { publicHttpAddress } from '../../http/address.js';
import { listModels } from '../../model/list.js';
import { HomeAssistant } from '../../mqtt/home-assistant.js';
import type { BoardFacts } from '../../mqtt/home-assistant-discovery.js';
import type { Publisher } from '../../mqtt/publisher.js';
import type { Configuration } from '../configuration.js';
import type { Feed } from '../feed.js';
import type { Part } from '../parts.js';
import { modelPlaces } from '../state-directory.js';

export interface HomeAssistantOptions {
  publisher: Publisher;
  feed: Feed;
  configuration: Configuration;
  version: string;
  /** What the board is called. */
  board: string;
  /** What else it says of itself is read from there. */
  system?: System | undefined;
}

/**
 * Announces the board and its cameras to Home Assistant, from the first look at the sensors on: it is told which of them
 * there are.
 */
export class HomeAssistantIntegration implements Part {
  readonly name = 'home-assistant';
  readonly #homeAssistant: HomeAssistant;
  #board: BoardFacts;
  #sensors: SensorsHealth | undefined;
  #models: string[] = [];
  /** Somebody has published which version is the newest: without that, the entity would have no state. */
  #offersRelease = false;

  constructor(private readonly options: HomeAssistantOptions) {
    const { publisher, feed, configuration, board } = options;
    const { mqtt, node } = configuration.settings;
    this.#board = { model: board };
    this.#homeAssistant = new HomeAssistant(publisher, mqtt.homeAssistant.prefix);
    const releaseTopic = `${mqtt.baseTopic}/release`;
    publisher.subscribe(releaseTopic);
    publisher.on('message', ({ topic, payload }) => {
      if (topic !== releaseTopic || payload.length > 0 === this.#offersRelease) return;
      this.#offersRelease = payload.length > 0;
      this.#announce();
    });
    feed
      .on('health', ({ sensors }) => {
        const isFirst = this.#sensors === undefined;
        this.#sensors = sensors;
        if (isFirst) this.#announce();
      })
      .on('configured', () => void this.#listModels().then(() => this.#announce()))
      .on('cameraRemoved', (camera) => this.#homeAssistant.forgetCamera(mqtt.baseTopic, node, camera));
  }

  async start(): Promise<void> {
    this.#board = { model: this.options.board, ...(await readIdentity(this.options.system)) };
    await this.#listModels();
  }

  /** The publisher says that the board is away. */
  stop(): void {}

  async #listModels(): Promise<void> {
    const { configuration } = this.options;
    const models = await listModels(configuration.model.path, 'detect', modelPlaces(configuration.settings));
    this.#models = [...new Set(models.map(({ card }) => card.name))];
  }

  #announce(): void {
    if (this.#sensors === undefined) return;
    const { publisher, configuration, version } = this.options;
    const { cameras, requests, limits, mqtt, model, node, http } = configuration.settings;
    this.#homeAssistant.announce({
      base: mqtt.baseTopic,
      node,
      version,
      board: this.#board,
      classes: configuration.model.card.classes,
      models: this.#models,
      offersRelease: this.#offersRelease,
      offersUpdates: model.updates !== undefined,
      cameras,
      sensors: this.#sensors,
      governed: Object.keys(limits).length > 0,
      isOn: (name) => isRequestOn(requests, name),
      requestTopic: (name) => publisher.topics.request(name, requestGroup(requests, name)),
      configurationUrl: publicHttpAddress(http),
      supportUrl: mqtt.homeAssistant.supportUrl,
    });
  }
}
