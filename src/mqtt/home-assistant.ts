import { Topics } from '../contract/topics.js';
import type { IncomingMessage } from '../session/session.js';
import {
  boardId,
  cameraId,
  type Discovery,
  describeBoard,
  describeCamera,
  type HomeAssistantFacts,
} from './home-assistant-discovery.js';
import type { Publisher } from './publisher.js';
import { readRetained } from './retained-topics.js';

/** Home Assistant is answered no more often than that, ms. */
const birthMs = 10_000;

/**
 * Announces the board and its cameras to Home Assistant, and takes back what is no more. What an earlier run announced is
 * read from the broker, so it is found also when our own state was lost.
 */
export class HomeAssistant {
  readonly #publisher: Publisher;
  readonly #prefix: string;
  #facts: HomeAssistantFacts | undefined;
  /** What stands at each discovery topic: platforms by the components' ids. */
  readonly #standing = new Map<string, Record<string, string>>();
  /** One announcement after the other; the newest facts win. */
  #announcing: Promise<void> | undefined;
  #again = false;
  #birth: NodeJS.Timeout | undefined;
  #answeredAt = Number.NEGATIVE_INFINITY;

  /** @param prefix Home Assistant's discovery prefix */
  constructor(publisher: Publisher, prefix: string) {
    this.#publisher = publisher;
    this.#prefix = prefix;
    publisher.subscribe(`${prefix}/status`);
    publisher.on('message', (message) => this.#receive(message));
    publisher.on('connected', () => this.#wake());
  }

  /** From now on this is so. */
  announce(facts: HomeAssistantFacts): void {
    this.#facts = facts;
    this.#wake();
  }

  /** That camera is no more. */
  removeCamera(base: string, node: string, camera: string): void {
    const topic = this.#topicOf(cameraId(base, node, camera));
    this.#standing.delete(topic);
    this.#publisher.clear(topic);
  }

  /**
   * Home Assistant has started, and knows nothing: discovery and states once more. A retained word is of an earlier start.
   * Anybody may say it, so it is answered now and then.
   */
  #receive({ topic, payload, retain }: IncomingMessage): void {
    if (topic !== `${this.#prefix}/status` || retain || String(payload) !== 'online') return;
    this.#birth ??= setTimeout(
      () => {
        this.#birth = undefined;
        this.#answeredAt = performance.now();
        this.#publisher.resendRetained();
      },
      Math.max(0, this.#answeredAt + birthMs - performance.now()),
    ).unref();
  }

  #wake(): void {
    if (this.#announcing !== undefined) {
      this.#again = true;
      return;
    }
    this.#announcing = this.#run().finally(() => {
      this.#announcing = undefined;
      if (this.#again) this.#wake();
    });
  }

  async #run(): Promise<void> {
    this.#again = false;
    const facts = this.#facts;
    if (facts === undefined || !this.#publisher.counters.connected) return; // `connected` wakes us
    const topics = new Topics(facts.base, facts.node);
    const devices = new Map<string, Discovery>([
      [this.#topicOf(boardId(facts.base, facts.node)), describeBoard(facts, topics)],
    ]);
    for (const camera of Object.keys(facts.cameras)) {
      devices.set(this.#topicOf(cameraId(facts.base, facts.node, camera)), describeCamera(camera, facts, topics));
    }
    const unknown = [...devices.keys()].filter((topic) => !this.#standing.has(topic));
    const found = unknown.length === 0 ? [] : await readRetained(this.#publisher, unknown);
    if (found === undefined) return;
    for (const { topic, payload } of found) this.#standing.set(topic, platformsOf(payload));
    for (const [topic, device] of devices) this.#publish(topic, device);
  }

  #publish(topic: string, device: Discovery): void {
    const gone = Object.entries(this.#standing.get(topic) ?? {}).filter(([id]) => device.components[id] === undefined);
    if (gone.length > 0) {
      // A component that is only left out stays; one that is nothing but its platform is removed.
      const removed = Object.fromEntries(gone.map(([id, platform]) => [id, { platform }]));
      this.#publisher.say(topic, JSON.stringify({ ...device, components: { ...device.components, ...removed } }));
    }
    const platforms = Object.entries(device.components).map(([id, { platform }]) => [id, platform] as const);
    this.#standing.set(topic, Object.fromEntries(platforms));
    this.#publisher.retain(topic, JSON.stringify(device));
  }

  #topicOf(id: string): string {
    return `${this.#prefix}/device/${id}/config`;
  }
}

function platformsOf(payload: Buffer): Record<string, string> {
  try {
    const { components } = JSON.parse(String(payload)) as Partial<Discovery>;
    const platforms = Object.entries(components ?? {}).map(([id, { platform }]) => [id, String(platform)] as const);
    return Object.fromEntries(platforms);
  } catch {
    return {}; // whatever it is, it is replaced
  }
}
