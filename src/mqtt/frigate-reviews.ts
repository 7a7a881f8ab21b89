import type { Event } from '../contract/event.js';
import { type Severity, severityOf } from './frigate-track.js';

/** A time in which something moved before a camera: https://docs.frigate.video/integrations/mqtt/#frigatereviews */
export interface FrigateReview {
  id: string;
  camera: string;
  start_time: number;
  end_time: number | null;
  severity: Severity;
  thumb_path: string;
  data: { detections: string[]; objects: string[]; sub_labels: string[]; zones: string[]; audio: string[] };
}

export interface FrigateReviewMessage {
  type: 'new' | 'update' | 'end';
  before: FrigateReview;
  after: FrigateReview;
}

/** One that goes on. */
interface Open {
  review: FrigateReview;
  /** Tracks that move. */
  active: Set<string>;
  /** As it was told last; undefined: not yet. */
  told: FrigateReview | undefined;
}

/** What was said of so many events is said again when they are sent again. */
const maxSaid = 1000;

/**
 * Reviews as Frigate makes them since 0.14, of our events: one begins with a track that moves, and ends when all of its tracks
 * are over or stand still. They ring people's phones, so nothing is told that waited for the broker.
 */
export class FrigateReviews {
  readonly #open = new Map<string, Open>();
  readonly #said = new Map<string, FrigateReviewMessage[]>();

  event(event: Event): FrigateReviewMessage[] {
    const key = `${event.camera} ${event.stream} ${event.seq}`;
    const said = this.#said.get(key) ?? this.#follow(event);
    this.#said.set(key, said);
    for (const old of this.#said.keys()) {
      if (this.#said.size <= maxSaid) break;
      this.#said.delete(old);
    }
    return said;
  }

  /** That camera is no more. */
  forget(camera: string): void {
    this.#open.delete(camera);
  }

  #follow(event: Event): FrigateReviewMessage[] {
    const isActive = event.type !== 'end' && !event.stationary;
    const at = Date.parse(event.capturedAt) / 1000;
    const open = this.#open.get(event.camera) ?? (isActive ? begin(event, at) : undefined);
    if (open === undefined) return [];
    this.#open.set(event.camera, open);
    if (isActive) {
      open.active.add(event.id);
      open.review = withTrack(open.review, event);
    } else {
      open.active.delete(event.id);
    }
    if (open.active.size === 0) {
      this.#open.delete(event.camera);
      if (open.told === undefined) return [];
      return [{ type: 'end', before: open.told, after: { ...open.review, end_time: at } }];
    }
    if (event.replayed || open.told === open.review) return [];
    const type = open.told === undefined ? 'new' : 'update';
    const before = open.told ?? open.review;
    open.told = open.review;
    return [{ type, before, after: open.review }];
  }
}

function begin({ camera, id }: Event, at: number): Open {
  const data = { detections: [], objects: [], sub_labels: [], zones: [], audio: [] };
  const review = { id: `${at}-${id}`, camera, start_time: at, end_time: null, thumb_path: '', data };
  return { review: { ...review, severity: 'detection' }, active: new Set(), told: undefined };
}

/** The same one where the track adds nothing to it. */
function withTrack(review: FrigateReview, event: Event): FrigateReview {
  const { data } = review;
  const detections = union(data.detections, [event.id]);
  const objects = union(data.objects, [event.class]);
  const zones = union(data.zones, event.zones);
  const severity = severityOf(event.class) === 'alert' ? 'alert' : review.severity;
  const isSame =
    severity === review.severity && detections === data.detections && objects === data.objects && zones === data.zones;
  return isSame ? review : { ...review, severity, data: { ...data, detections, objects, zones } };
}

function union(known: string[], more: readonly string[]): string[] {
  const missing = more.filter((one) => !known.includes(one));
  return missing.length === 0 ? known : [...known, ...missing];
}
