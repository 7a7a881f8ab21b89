import type { Event } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { CameraState } from '../contract/status.js';
import { topicLevel } from '../contract/topics.js';
import { FrigateReviews } from './frigate-reviews.js';
import { describeTrack, type FrigateTrack } from './frigate-track.js';

/** One message of Frigate's, and where it belongs. */
export interface FrigateMessage {
  topic: string;
  payload: string;
}

const switchNames = ['detect', 'snapshots', 'recordings'] as const;
type SwitchName = (typeof switchNames)[number];

/** Somebody switches something on or off. */
export interface FrigateCommand {
  name: SwitchName;
  camera: string;
  isOn: boolean;
}

/** Tracks remembered: their `before` is of no use once they are over, and each is over one day. */
const maxTracks = 1000;

/**
 * What we say, in Frigate's words: for automations that are written for it. It holds what `before` was, and which counts
 * have been told; it says nothing itself.
 */
export class Frigate {
  readonly #root: string;
  readonly #tracks = new Map<string, FrigateTrack>();
  /** The topics of counts that have been told, and with what. */
  readonly #counts = new Map<string, string>();
  readonly #reviews = new FrigateReviews();
  /** Until the next start, as in Frigate. */
  readonly #withoutSnapshots = new Set<string>();

  /** @param root first level of Frigate's topics */
  constructor(root: string) {
    this.#root = root;
  }

  get available(): string {
    return `${this.#root}/available`;
  }

  /** Where a camera's detection, snapshots and recordings are switched on and off: `ON`, `OFF`. */
  get commands(): string {
    return `${this.#root}/+/+/set`;
  }

  /** All that is told of a camera. */
  topicsOf(camera: string): string {
    return `${this.#root}/${camera}/#`;
  }

  /** Undefined where they are switched off. */
  snapshotTopic(camera: string, className: string): string | undefined {
    if (this.#withoutSnapshots.has(camera)) return undefined;
    return `${this.#root}/${camera}/${topicLevel(className)}/snapshot`;
  }

  /** The same event for `frigate/events`, and what follows from it for `frigate/reviews`. Said again, it says the same. */
  events(event: Event): FrigateMessage[] {
    const reviews = this.#reviews.event(event);
    const told = reviews.map((review) => ({ topic: `${this.#root}/reviews`, payload: JSON.stringify(review) }));
    return [this.#event(event), ...told];
  }

  #event(event: Event): FrigateMessage {
    const known = this.#tracks.get(event.id);
    const after = describeTrack(event, known, !this.#withoutSnapshots.has(event.camera));
    const type = event.type === 'new' || event.type === 'end' ? event.type : 'update';
    this.#tracks.delete(event.id);
    if (type !== 'end') this.#tracks.set(event.id, after);
    for (const id of this.#tracks.keys()) {
      if (this.#tracks.size <= maxTracks) break;
      this.#tracks.delete(id);
    }
    return { topic: `${this.#root}/events`, payload: JSON.stringify({ type, before: known ?? after, after }) };
  }

  /**
   * The counts that are others than those told last, zones under their names as if they were cameras, and motion.
   *
   * @param classes those that count as nought where none is in view
   * @param cameras a zone that is called like one of them is left out
   */
  state(
    { camera, counts, moving, zones }: CameraState,
    classes: readonly string[],
    cameras: readonly string[],
  ): FrigateMessage[] {
    const places: [string, Record<string, number>][] = [[camera, counts]];
    for (const [zone, inside] of Object.entries(zones)) if (!cameras.includes(zone)) places.push([zone, inside]);
    const told: FrigateMessage[] = [{ topic: `${this.#root}/${camera}/motion`, payload: moving > 0 ? 'ON' : 'OFF' }];
    for (const [place, inside] of places) {
      let all = 0;
      for (const one of new Set([...classes, ...Object.keys(inside)])) {
        const count = inside[one] ?? 0;
        all += count;
        told.push({ topic: `${this.#root}/${place}/${topicLevel(one)}`, payload: String(count) });
      }
      told.push({ topic: `${this.#root}/${place}/all`, payload: String(all) });
    }
    const news = told.filter(({ topic, payload }) => this.#counts.get(topic) !== payload);
    for (const { topic, payload } of news) this.#counts.set(topic, payload);
    return news;
  }

  /** The switches of a camera as they stand. Nothing is ever recorded. */
  switches({ camera, detect }: CameraSettingsState): FrigateMessage[] {
    const told = [this.#switch(camera, 'detect', detect), this.#switch(camera, 'recordings', false)];
    return [...told, this.#switch(camera, 'snapshots', !this.#withoutSnapshots.has(camera))];
  }

  #switch(camera: string, name: SwitchName, isOn: boolean): FrigateMessage {
    return { topic: `${this.#root}/${camera}/${name}/state`, payload: isOn ? 'ON' : 'OFF' };
  }

  /** Of Frigate's statistics, what we know as well. */
  stats({ cameras, uptimeSeconds }: Health, version: string): FrigateMessage {
    const told = Object.entries(cameras).map(([name, { fps, skipped }]) => {
      return [name, { process_fps: fps, detection_fps: fps, skipped }] as const;
    });
    const service = { uptime: uptimeSeconds, version: `minspnet ${version}` };
    return { topic: `${this.#root}/stats`, payload: JSON.stringify({ cameras: Object.fromEntries(told), service }) };
  }

  /** What is asked for by `ON` or `OFF` at {@link commands}; undefined where it is none of them. */
  command(topic: string, payload: string): FrigateCommand | undefined {
    const [root, camera, name, set, ...rest] = topic.split('/');
    if (root !== this.#root || camera === undefined || set !== 'set' || rest.length > 0) return undefined;
    const known = switchNames.find((one) => one === name);
    if (known === undefined || (payload !== 'ON' && payload !== 'OFF')) return undefined;
    return { name: known, camera, isOn: payload === 'ON' };
  }

  /**
   * Switches snapshots at Frigate's topics on or off; recordings stay off.
   *
   * @returns how the switch stands
   */
  set({ name, camera, isOn }: FrigateCommand): FrigateMessage {
    if (name === 'snapshots' && isOn) this.#withoutSnapshots.delete(camera);
    if (name === 'snapshots' && !isOn) this.#withoutSnapshots.add(camera);
    return this.#switch(camera, name, isOn && name !== 'recordings');
  }

  /** That camera is no more: what was told of it is told anew when it comes back. */
  forget(camera: string): void {
    for (const topic of this.#counts.keys()) {
      if (topic.startsWith(`${this.#root}/${camera}/`)) this.#counts.delete(topic);
    }
    this.#reviews.forget(camera);
  }
}
