import type { Settings } from '../config/schema.js';
import type { Health } from '../contract/health.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { CameraState } from '../contract/status.js';
import { Frigate, type FrigateMessage } from '../mqtt/frigate.js';
import type { Publisher } from '../mqtt/publisher.js';
import { readRetained } from '../mqtt/read-retained.js';
import type { RequestServer } from '../mqtt/request-server.js';

/** Brings what the daemon says to Frigate's topics, and Frigate's switch to our requests. */
export class FrigateMirror {
  /** For the publisher, which says each event in both ways. */
  readonly words: Frigate;
  #publisher: Publisher | undefined;

  constructor(root: string) {
    this.words = new Frigate(root);
  }

  /** A switch is a `detect` request like any other: limited, counted, and answered on our own response topic. */
  start(publisher: Publisher, requests: RequestServer | undefined): void {
    this.#publisher = publisher;
    publisher.subscribe(this.words.commands);
    publisher.on('message', ({ topic, payload, retain }) => {
      const wanted = this.words.command(topic, String(payload));
      if (wanted === undefined || retain) return;
      const request = { topic: publisher.topics.request('detect'), payload: Buffer.from(JSON.stringify(wanted)) };
      void requests?.receive({ ...request, retain: false });
    });
    this.#tell({ topic: this.words.available, payload: 'online' });
  }

  /** Before the session ends. */
  stop(): void {
    this.#tell({ topic: this.words.available, payload: 'offline' });
  }

  settings(settings: CameraSettingsState): void {
    this.#tell(this.words.settings(settings));
  }

  /** @param now which classes and cameras there are */
  state(state: CameraState, now: { model: VerifiedModel; settings: Settings } | undefined): void {
    const cameras = now?.settings.cameras ?? {};
    const wanted = cameras[state.camera]?.classes;
    const classes = (now?.model.card.classes ?? []).filter((one) => wanted?.includes(one) ?? true);
    for (const message of this.words.state(state, classes, Object.keys(cameras))) this.#tell(message);
  }

  health(health: Health, version: string): void {
    this.#tell(this.words.stats(health, version));
  }

  /** Also what an earlier run told of it. */
  async removeCamera(camera: string): Promise<void> {
    const publisher = this.#publisher;
    if (publisher === undefined) return;
    this.words.forget(camera);
    for (const { topic } of (await readRetained(publisher, [this.words.topicsOf(camera)])) ?? []) {
      if (topic.startsWith(this.words.topicsOf(camera).slice(0, -1))) publisher.clear(topic);
    }
  }

  #tell({ topic, payload }: FrigateMessage): void {
    this.#publisher?.retain(topic, payload, payload.startsWith('{') ? 'application/json' : 'text/plain');
  }
}
