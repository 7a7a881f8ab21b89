import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { StateError } from '../../contract/errors.js';
import { type Announced, clearFormer } from '../../mqtt/announced.js';
import type { Publisher } from '../../mqtt/publisher.js';
import type { Configuration } from '../configuration.js';
import type { Feed } from '../feed.js';
import type { Log } from '../log.js';
import type { Part } from '../parts.js';
import { writeStateFile } from '../state-file.js';

const announced = z.object({
  base: z.string(),
  node: z.string(),
  homeAssistant: z.string().optional(),
  frigate: z.object({ topic: z.string(), places: z.array(z.string()) }).optional(),
});
const contents = z.object({ version: z.literal(1), announced: z.array(announced) });

/** Only a board that never reaches its broker while its settings change again and again remembers more. */
const maxRemembered = 20;

/**
 * Remembers in the state directory under which names the node has spoken, so that one that is renamed, or that an integration
 * is switched off of, leaves nothing behind at the broker.
 */
export class FormerAnnouncements implements Part {
  readonly name = 'former-announcements';
  #known: Announced[] = [];
  #isClearing = false;

  /** @param path of the file */
  constructor(
    private readonly path: string,
    private readonly publisher: Publisher,
    private readonly configuration: Configuration,
    private readonly log: Log,
    feed: Feed,
  ) {
    publisher.on('connected', () => void this.#clear());
    feed.on('configured', () => void this.#remember().then(() => this.#clear()));
  }

  /** What is announced from now on is on the disk before it is at the broker. */
  async start(): Promise<void> {
    this.#known = await this.#read();
    await this.#remember();
  }

  stop(): void {}

  get #now(): Announced {
    const { mqtt, node, cameras } = this.configuration.settings;
    const zones = Object.values(cameras).flatMap((camera) => Object.keys(camera.zones));
    const places = [...new Set([...Object.keys(cameras), ...zones])];
    return {
      base: mqtt.baseTopic,
      node,
      ...(mqtt.homeAssistant.enabled && { homeAssistant: mqtt.homeAssistant.prefix }),
      ...(mqtt.frigateCompatible && { frigate: { topic: mqtt.frigateTopic, places } }),
    };
  }

  async #remember(): Promise<void> {
    const now = this.#now;
    if (this.#known.some((one) => isSame(one, now))) return;
    this.#known = [...this.#known, now].slice(-maxRemembered);
    await this.#write();
  }

  async #clear(): Promise<void> {
    if (this.#isClearing) return;
    this.#isClearing = true;
    try {
      for (const former of this.#known.filter((one) => !isSame(one, this.#now))) {
        const cleared = await clearFormer(this.publisher, former, this.#now);
        if (cleared === undefined) return; // the next session looks again
        if (cleared > 0) this.log.info(`mqtt      ${cleared} topics cleared that are said no more (${former.node})`);
        this.#known = this.#known.filter((one) => one !== former);
        await this.#write();
      }
    } finally {
      this.#isClearing = false;
    }
  }

  async #read(): Promise<Announced[]> {
    try {
      return contents.parse(JSON.parse(await readFile(this.path, 'utf8'))).announced;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      this.#warn('can’t be read: what was said under another name stays at the broker (minspnet forget NODE)', error);
      return [];
    }
  }

  async #write(): Promise<void> {
    try {
      await writeStateFile(this.path, { version: 1, announced: this.#known });
    } catch (error) {
      this.#warn('can’t be written: after a change of names, use minspnet forget NODE', error);
    }
  }

  #warn(what: string, cause: unknown): void {
    this.log.warn(new StateError('ERR_STATE_ANNOUNCED', 'state', `${this.path} ${what}`, { cause }).message);
  }
}

function isSame(one: Announced, other: Announced): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
