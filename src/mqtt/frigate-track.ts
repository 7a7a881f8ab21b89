import type { Event } from '../contract/event.js';

/** Of these Frigate makes alerts, of all others detections: its own defaults. */
const alerting = new Set(['person', 'car']);
export type Severity = 'alert' | 'detection';

export function severityOf(label: string): Severity {
  return alerting.has(label) ? 'alert' : 'detection';
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
  region: number[];
  active: boolean;
  stationary: boolean;
  motionless_count: number;
  position_changes: number;
  current_zones: string[];
  entered_zones: string[];
  has_snapshot: boolean;
  has_clip: boolean;
  attributes: Record<string, number>;
  current_attributes: string[];
  pending_loitering: boolean;
  max_severity: Severity;
  thumbnail: null;
  snapshot: {
    frame_time: number;
    box: number[];
    area: number;
    region: number[];
    score: number;
    attributes: string[];
  } | null;
}

/** Our boxes are fractions; Frigate's are pixels of its `detect` picture, for which this stands. */
const width = 1280;
const height = 720;
const region = [0, 0, width, height];

/**
 * @param known as it was told last
 * @param hasSnapshots whether Frigate's topics show pictures of that camera
 */
export function describeTrack(event: Event, known: FrigateTrack | undefined, hasSnapshots: boolean): FrigateTrack {
  const [left, top, right, bottom] = event.box;
  const box = [left * width, top * height, right * width, bottom * height].map(Math.round);
  const across = Math.max(1, (box[2] ?? 0) - (box[0] ?? 0));
  const down = Math.max(1, (box[3] ?? 0) - (box[1] ?? 0));
  const at = Date.parse(event.capturedAt) / 1000;
  const entered = new Set([...(known?.entered_zones ?? []), ...event.zones]);
  const isShown = hasSnapshots && event.snapshot !== undefined;
  const hasMovedOn = known?.stationary === true && !event.stationary;
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
    // The network sees the whole picture.
    region,
    active: !event.stationary,
    stationary: event.stationary,
    // Frames are not counted.
    motionless_count: 0,
    position_changes: (known?.position_changes ?? 0) + (hasMovedOn ? 1 : 0),
    current_zones: event.zones,
    entered_zones: [...entered],
    has_snapshot: isShown || (known?.has_snapshot ?? false),
    has_clip: false,
    attributes: {},
    current_attributes: [],
    pending_loitering: false,
    max_severity: severityOf(event.class),
    thumbnail: null,
    snapshot: isShown
      ? { frame_time: at, box, area: across * down, region, score: event.bestScore, attributes: [] }
      : (known?.snapshot ?? null),
  };
}
