import type { Event, Gap } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { CameraState, CameraStatus, Info, Status } from '../contract/status.js';

declare const payload: unique symbol;

/** A topic's name that remembers, for the compiler only, what is said there. */
export type Topic<Payload> = string & { readonly [payload]?: Payload };

/** Every topic of one node: the only place where a topic's name meets the type of its payload. */
export class Topics {
  /** `online` or `offline`. Retained; the broker says `offline` itself when it loses us. */
  readonly status: Topic<Status>;
  /** Retained. */
  readonly info: Topic<Info>;
  /** Retained. */
  readonly health: Topic<Health>;
  readonly #root: string;

  /** Both are names by the settings' schema, so they can't hold `/`, `+` or `#`. */
  constructor(baseTopic: string, node: string) {
    this.#root = `${baseTopic}/${node}`;
    this.status = `${this.#root}/status`;
    this.info = `${this.#root}/info`;
    this.health = `${this.#root}/health`;
  }

  /** Retained. */
  cameraState(camera: string): Topic<CameraState> {
    return `${this.#root}/${camera}/state`;
  }

  /** Retained. */
  cameraStatus(camera: string): Topic<CameraStatus> {
    return `${this.#root}/${camera}/status`;
  }

  /** QoS 1, never retained. */
  events(camera: string): Topic<Event | Gap> {
    return `${this.#root}/${camera}/events`;
  }

  /** A JPEG. Retained. */
  snapshot(camera: string, className: string): Topic<Uint8Array> {
    return `${this.#root}/${camera}/snapshot/${topicLevel(className)}`;
  }
}

/**
 * A model's class name as one level of a topic. Class names come from a model card and may hold anything
 * ("traffic light", "cup/mug"): letters and digits of any script stay, everything else becomes `_`.
 */
export function topicLevel(name: string): string {
  return name.replace(/[^\p{L}\p{N}_-]+/gu, '_') || '_';
}
