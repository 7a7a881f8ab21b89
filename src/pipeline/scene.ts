import type { CameraSettings, EventSettings } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import type { EndReason, Observation } from '../contract/event.js';
import type { Box } from '../contract/geometry.js';
import type { CameraState } from '../contract/status.js';
import { LineCounts } from './line-counts.js';
import { Line } from './lines.js';
import { Occupancy } from './occupancy.js';
import { Story } from './story.js';
import { kindOf } from './track/classes.js';
import type { Track } from './track/track.js';
import { Tracker } from './track/tracker.js';
import { Zone } from './zones.js';

/** When a picture was captured. */
export interface FrameTime {
  /** The board's monotonic clock, ms. */
  monotonicMs: number;
  /** UTC, ms since the epoch. */
  utcMs: number;
}

export interface SceneOptions {
  camera: string;
  /** Begins every track's id; no two scenes may share it. */
  runId: string;
  settings: CameraSettings;
  events: EventSettings;
  /** A track begins with this score or more. Detections down to `lowestScore` should come in too: they continue tracks. */
  minScore: number;
  /** Of the picture, width / height; 16 / 9 where it is not given. */
  aspect?: number;
}

/** A wish for a snapshot of the picture that was just observed. */
export interface Shot {
  track: string;
  class: string;
  box: Box;
}

export interface SceneReport {
  /** In order. */
  observations: Observation[];
  /** They are to be published before the observations. */
  shots: Shot[];
  /** Only when the counts have changed, and the first time. */
  state: CameraState | undefined;
}

/** One camera's view over time: from the detections of each picture to what is to be told of it. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #tracker: Tracker;
  readonly #zones: readonly Zone[];
  readonly #lines: readonly Line[];
  readonly #counts = new LineCounts();
  readonly #occupancy: Occupancy;
  readonly #stories = new Map<Track, Story>();
  readonly #wanted: (className: string) => boolean;
  readonly #looksWanted: (detection: Detection) => boolean;
  #told = 0;

  constructor(options: SceneOptions) {
    const { settings, minScore, aspect = 16 / 9 } = options;
    this.#options = options;
    this.#tracker = new Tracker({ minScore: settings.minScore ?? minScore, aspect });
    this.#zones = Object.entries(settings.zones).map(([name, zone]) => new Zone(name, zone, aspect));
    this.#lines = Object.entries(settings.lines).map(([name, line]) => new Line(name, line, aspect));
    this.#occupancy = new Occupancy(options.camera, Object.keys(settings.zones));
    const classes = settings.classes && new Set(settings.classes);
    const kinds = settings.classes && new Set(settings.classes.map(kindOf));
    this.#wanted = (className) => classes?.has(className) ?? true;
    // A wanted car that is taken for a truck in some pictures must not be lost in them.
    this.#looksWanted = (detection) => kinds?.has(kindOf(detection.class)) ?? true;
  }

  /** Detections with a lower score need not be looked for. */
  get lowestScore(): number {
    return this.#tracker.lowestScore;
  }

  /** In place of the score that it was made with, from the next picture on. 0..1. */
  set minScore(minScore: number) {
    this.#tracker.minScore = minScore;
  }

  /** Tracks that a `new` was told of and no `end` yet. */
  get openTracks(): number {
    let open = 0;
    for (const story of this.#stories.values()) if (story.isOpen) open++;
    return open;
  }

  /** A second look at the same picture would change nothing. */
  get settled(): boolean {
    return this.#tracker.settled;
  }

  observe(detections: readonly Detection[], time: FrameTime): SceneReport {
    this.#tracker.step(detections.filter(this.#looksWanted), time.monotonicMs / 1000);
    return this.#report(time);
  }

  /** A picture in which nothing has changed since the last one that was observed. */
  rest(time: FrameTime): SceneReport {
    this.#tracker.rest(time.monotonicMs / 1000);
    return this.#report(time);
  }

  #report(time: FrameTime): SceneReport {
    const report: SceneReport = { observations: [], shots: [], state: undefined };
    for (const track of this.#tracker.ended) this.#stories.get(track)?.end('gone', report);
    for (const track of this.#tracker.tracks) if (track.seen) this.#storyOf(track).see(time, report);
    this.#dropDead();
    report.state = this.#occupancy.changed(this.#stories.values(), time.utcMs);
    return report;
  }

  /** Ends all open tracks, because no more pictures come for now. The scene can go on after it. */
  end(reason: EndReason, time: FrameTime): SceneReport {
    const report: SceneReport = { observations: [], shots: [], state: undefined };
    for (const story of this.#stories.values()) story.end(reason, report);
    this.#stories.clear();
    this.#tracker.clear();
    report.state = this.#occupancy.changed([], time.utcMs);
    return report;
  }

  #storyOf(track: Track): Story {
    let story = this.#stories.get(track);
    if (story === undefined) {
      const { camera, runId, events } = this.#options;
      story = new Story(track, {
        camera,
        updateSeconds: events.updateSeconds,
        zones: this.#zones,
        lines: this.#lines,
        counts: this.#counts,
        wanted: this.#wanted,
        nextId: () => `${runId}-${++this.#told}`,
      });
      this.#stories.set(track, story);
    }
    return story;
  }

  /** Tracks may end without a word: those that were never confirmed. */
  #dropDead(): void {
    const alive = this.#tracker.tracks;
    if (this.#stories.size === alive.length) return;
    for (const track of this.#stories.keys()) if (!alive.includes(track)) this.#stories.delete(track);
  }
}
