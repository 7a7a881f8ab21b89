import type { Event } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { CameraSettingsState, RequestNeeds } from '../contract/request.js';
import type { CameraState } from '../contract/status.js';
import { topicLevel } from '../contract/topics.js';

/** One message of Frigate's, and where it belongs. */
export interface FrigateMessage {
  topic: string;
  payload: string;
}

/** A track as Frigate tells of it: https://docs.frigate.video/integrations/mqtt/#frigateevents */
export interface FrigateTrack {
  id: string;
  camera: string;
  frame_time: number;
  label: string;
  sub_label: null;
  score: number;
  top_score: number;
  false_positive: boolean;
  start_time: number;
  end_time: number | null;
  box: number[];
  area: number;
  ratio: number;
  active: boolean;
  stationary: boolean;
  current_zones: string[];
  entered_zones: string[];
  has_snapshot: boolean;
  has_clip: boolean;
  snapshot: { frame_time: number; box: number[]; area: number; score: number } | null;
}

/** Our boxes are fractions; Frigate's are pixels of its `detect` picture, for which this stands. */
const width = 1280;
const height = 720;
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

  /** @param root first level of Frigate's topics */
  constructor(root: string) {
    this.#root = root;
  }

  get available(): string {
    return `${this.#root}/available`;
  }

  /** Where a camera is switched on and off: `ON`, `OFF`. */
  get commands(): string {
    return `${this.#root}/+/detect/set`;
  }

  /** All that is told of a camera. */
  topicsOf(camera: string): string {
    return `${this.#root}/${camera}/#`;
  }

  snapshotTopic(camera: string, className: string): string {
    return `${this.#root}/${camera}/${topicLevel(className)}/snapshot`;
  }

  /** The same event for `frigate/events`. Said again, it says the same `after`. */
  event(event: Event): FrigateMessage {
    const known = this.#tracks.get(event.id);
    const after = describeTrack(event, known);
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

  settings({ camera, detect }: CameraSettingsState): FrigateMessage {
    return { topic: `${this.#root}/${camera}/detect/state`, payload: detect ? 'ON' : 'OFF' };
  }

  /** Of Frigate's statistics, what we know as well. */
  stats({ cameras, uptimeSeconds }: Health, version: string): FrigateMessage {
    const told = Object.entries(cameras).map(([name, { fps, skipped }]) => {
      return [name, { process_fps: fps, detection_fps: fps, skipped }] as const;
    });
    const service = { uptime: uptimeSeconds, version: `minspnet ${version}` };
    return { topic: `${this.#root}/stats`, payload: JSON.stringify({ cameras: Object.fromEntries(told), service }) };
  }

  /** What is asked for by `ON` or `OFF` at {@link commands}; undefined where it is neither. */
  command(topic: string, payload: string): RequestNeeds<'detect'> | undefined {
    const [root, camera, ...rest] = topic.split('/');
    if (root !== this.#root || camera === undefined || rest.join('/') !== 'detect/set') return undefined;
    return payload === 'ON' || payload === 'OFF' ? { camera, enabled: payload === 'ON' } : undefined;
  }

  /** That camera is no more: what was told of it is told anew when it comes back. */
  forget(camera: string): void {
    for (const topic of this.#counts.keys()) {
      if (topic.startsWith(`${this.#root}/${camera}/`)) this.#counts.delete(topic);
    }
  }
}

function describeTrack(event: Event, known: FrigateTrack | undefined): FrigateTrack {
  const [left, top, right, bottom] = event.box;
  const box = [left * width, top * height, right * width, bottom * height].map(Math.round);
  const across = Math.max(1, (box[2] ?? 0) - (box[0] ?? 0));
  const down = Math.max(1, (box[3] ?? 0) - (box[1] ?? 0));
  const at = Date.parse(event.capturedAt) / 1000;
  const entered = new Set([...(known?.entered_zones ?? []), ...event.zones]);
  const hasSnapshot = event.snapshot !== undefined || (known?.has_snapshot ?? false);
  return {
    id: event.id,
    camera: event.camera,
    frame_time: at,
    label: event.class,
    sub_label: null,
    score: event.score,
    top_score: event.bestScore,
    // A track is told of only once it is none.
    false_positive: false,
    start_time: known?.start_time ?? Math.round((at - event.ageMs / 1000) * 1000) / 1000,
    end_time: event.type === 'end' ? at : null,
    box,
    area: across * down,
    ratio: Math.round((across / down) * 100) / 100,
    active: !event.stationary,
    stationary: event.stationary,
    current_zones: event.zones,
    entered_zones: [...entered],
    has_snapshot: hasSnapshot,
    has_clip: false,
    snapshot:
      event.snapshot === undefined
        ? (known?.snapshot ?? null)
        : { frame_time: at, box, area: across * down, score: event.bestScore },
  };
}
