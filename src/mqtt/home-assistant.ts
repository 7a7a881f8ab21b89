import { setTimeout as sleep } from 'node:timers/promises';
import { Topics } from '../contract/topics.js';
import type { IncomingMessage } from '../session/session.js';
import { describeBoard } from './home-assistant-board.js';
import { describeCamera } from './home-assistant-camera.js';
import {
  boardId,
  cameraId,
  type Discovery,
  type DiscoveryPart,
  type HomeAssistantFacts,
} from './home-assistant-discovery.js';
import type { Publisher } from './publisher.js';
import { readRetained } from './retained-topics.js';

/** So long Home Assistant may take to remove an entity, ms. */
const settleMs = 1000;
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
  /** The devices of which is known what stands at the broker. */
  readonly #known = new Set<string>();
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

  /** That camera is no more; whoever clears its topics clears what was announced of it before them. */
  forgetCamera(base: string, node: string, camera: string): void {
    const id = cameraId(base, node, camera);
    this.#known.delete(id);
    for (const topic of this.#standing.keys()) if (this.#idOf(topic) === id) this.#standing.delete(topic);
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
    const wanted = new Map<string, Discovery>();
    const ids: string[] = [];
    const add = (id: string, parts: readonly DiscoveryPart[]) => {
      ids.push(id);
      for (const { name, discovery } of parts) wanted.set(this.#topicOf(id, name), discovery);
    };
    add(boardId(facts.base, facts.node), describeBoard(facts, topics));
    for (const camera of Object.keys(facts.cameras)) {
      add(cameraId(facts.base, facts.node, camera), describeCamera(camera, facts, topics));
    }
    const unknown = ids.filter((id) => !this.#known.has(id));
    const filters = unknown.flatMap((id) => [this.#topicOf(id), this.#topicOf(id, '+')]);
    const found = filters.length === 0 ? [] : await readRetained(this.#publisher, filters);
    if (found === undefined) return;
    for (const id of unknown) this.#known.add(id);
    for (const { topic, payload } of found) this.#standing.set(topic, platformsOf(payload));
    const cleared = [...this.#standing.keys()].filter((topic) => !wanted.has(topic) && ids.includes(this.#idOf(topic)));
    for (const topic of cleared) this.#clear(topic);
    let isAnyGone = cleared.length > 0;
    for (const [topic, device] of wanted) isAnyGone = this.#removeGone(topic, device) || isAnyGone;
    // What has moved from one message to another is taken away there first: Home Assistant refuses an id that it has.
    if (isAnyGone) await sleep(settleMs, undefined, { ref: false });
    for (const [topic, device] of wanted) this.#publish(topic, device);
  }

  #clear(topic: string): void {
    this.#standing.delete(topic);
    this.#publisher.clear(topic);
  }

  /** @returns whether there was anything to take away */
  #removeGone(topic: string, device: Discovery): boolean {
    const gone = Object.entries(this.#standing.get(topic) ?? {}).filter(([id]) => device.components[id] === undefined);
    if (gone.length === 0) return false;
    // A component that is only left out stays; one that is nothing but its platform is removed.
    const removed = Object.fromEntries(gone.map(([id, platform]) => [id, { platform }]));
    const standing = Object.keys(this.#standing.get(topic) ?? {}).filter((id) => device.components[id] !== undefined);
    const kept = Object.fromEntries(standing.map((id) => [id, device.components[id]]));
    return this.#publisher.say(topic, JSON.stringify({ ...device, components: { ...kept, ...removed } }));
  }

  #publish(topic: string, device: Discovery): void {
    const platforms = Object.entries(device.components).map(([id, { platform }]) => [id, platform] as const);
    this.#standing.set(topic, Object.fromEntries(platforms));
    this.#publisher.retain(topic, JSON.stringify(device));
  }

  /** @param part of the device, where it is not the first; the level that Home Assistant calls the object's id */
  #topicOf(id: string, part = ''): string {
    return `${this.#prefix}/device/${id}${part === '' ? '' : `/${part}`}/config`;
  }

  #idOf(topic: string): string {
    return topic.slice(`${this.#prefix}/device/`.length).split('/')[0] ?? '';
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
