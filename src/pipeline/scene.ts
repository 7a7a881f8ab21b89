import { isDeepStrictEqual } from 'node:util';
import type { CameraSettings, EventSettings } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import type { Attribute, EndReason, Observation } from '../contract/event.js';
import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type { LiveTrack } from '../contract/live.js';
import type { ModelCard } from '../contract/model-card.js';
import type { CameraState } from '../contract/status.js';
import type { CaptureTime } from '../timing/monotonic.js';
import { CandidateMemory, lowestRemembered, seenAt } from './candidates.js';
import type { Size } from './capture/input-size.js';
import { looksOf } from './capture/tiles.js';
import { Line, LineCounts } from './lines.js';
import { Masks } from './masks.js';
import type { FindOutline } from './outliner.js';
import { round, roundBox } from './rounding.js';
import type { Place } from './track/background.js';
import { kindOf } from './track/classes.js';
import { Calibration } from './track/evidence.js';
import type { Track } from './track/track.js';
import { Tracker } from './track/tracker.js';
import { type TrackContext, TrackEvents, type TrackReport } from './track-events.js';
import { Zone } from './zones.js';

export interface SceneOptions {
  camera: string;
  /** Begins every track's id; no two scenes may share it. */
  runId: string;
  settings: CameraSettings;
  events: EventSettings;
  /** What its card says that scores are worth. */
  model: Pick<ModelCard, 'minScore' | 'calibration'> & Partial<Pick<ModelCard, 'classes'>>;
  /** Of the picture, width / height; 16 / 9 where it is not given. */
  aspect?: number;
}

export interface SceneReport extends TrackReport {
  /** Only when the counts have changed, and the first time. */
  state: CameraState | undefined;
}

/** One camera's view over time: from the detections of each picture to what is to be told of it. */
export class Scene {
  #options: SceneOptions;
  #tracker!: Tracker;
  #zones: readonly Zone[] = [];
  #lines: readonly Line[] = [];
  #candidates!: CandidateMemory;
  #madeMasks: Masks | undefined;
  #aspect = 0;
  /** In place of the card’s. */
  #minScore: number | undefined;
  readonly #counts = new LineCounts();
  readonly #occupancy: Occupancy;
  readonly #events = new Map<Track, TrackEvents>();
  #wanted!: (className: string) => boolean;
  #mayBeWanted!: (detection: Detection) => boolean;
  /** Ids given so far. */
  #ids = 0;

  constructor(options: SceneOptions) {
    const { settings } = options;
    this.#options = options;
    this.#minScore = settings.minScore;
    this.#shape(options.aspect ?? 16 / 9);
    this.#occupancy = new Occupancy(options.camera, Object.keys(settings.zones));
    this.#choose(settings.classes);
  }

  /**
   * Other settings or another model, from the next picture on. Open tracks go on, but for those of classes that are not
   * wanted any more, or that the model does not know: they end with `detect-off`. What `minScore` was set to is set anew.
   *
   * @param time now
   */
  use(change: Pick<SceneOptions, 'settings' | 'events' | 'model'>, time: CaptureTime): SceneReport {
    const before = this.#options.settings;
    const { settings } = change;
    this.#options = { ...this.#options, ...change };
    this.minScore = settings.minScore;
    this.#choose(settings.classes);
    this.#place(before);
    const report: SceneReport = { observations: [], shots: [], state: undefined };
    for (const events of this.#events.values()) events.use(this.#context, report);
    this.#occupancy.use(Object.keys(settings.zones));
    report.state = this.#occupancy.changed(this.#events.values(), time.utcMs);
    return report;
  }

  /** Detections with a lower score need not be looked for. */
  get lowestScore(): number {
    return lowestRemembered;
  }

  /** In place of the score that it was made with, from the next picture on. 0..1; undefined: the card’s. */
  set minScore(minScore: number | undefined) {
    this.#minScore = minScore;
    this.#tracker.calibration = this.#calibration;
  }

  /** Tracks that a `new` was told of and no `end` yet. */
  get openTracks(): number {
    let open = 0;
    for (const events of this.#events.values()) if (events.isOpen) open++;
    return open;
  }

  /** The tracks that are told and not over, as they stand in the newest picture. */
  get shown(): LiveTrack[] {
    return [...this.#events.values()].flatMap((events) => events.shown ?? []);
  }

  /** A second look at the same picture would change nothing. */
  get settled(): boolean {
    return this.#tracker.settled;
  }

  /**
   * The source was opened, with pictures of this width / height. Where that is another than before, a fraction of the
   * picture is another place, so nothing can be followed: all open tracks end.
   */
  reshape(aspect: number, time: CaptureTime): SceneReport {
    if (aspect === this.#aspect) return { observations: [], shots: [], state: undefined };
    const report = this.end('camera-restart', time);
    this.#shape(aspect);
    return report;
  }

  /** {@link follow}, then {@link tell}. */
  observe(detections: readonly Detection[], time: CaptureTime, input?: Size, seams?: Box): SceneReport {
    this.follow(detections, time, seams);
    return this.tell(detections, time, input);
  }

  /**
   * The first half: tracks go on to what is seen in a picture.
   *
   * @param seams sides of the tile that was looked at, if it was not the whole: what they cut must have been left out
   */
  follow(detections: readonly Detection[], time: CaptureTime, seams?: Box): void {
    const masks = this.#masks;
    const wanted = detections.filter((one) => this.#mayBeWanted(one) && masks.find(one) === undefined);
    this.#tracker.step(wanted, time.monotonicMs / 1000, seams);
    for (const track of this.#tracker.tracks) if (track.seen) this.#eventsOf(track);
  }

  /**
   * The second half: what is to be told of them.
   *
   * @param input pixels of the network's input that the whole picture covers, or would
   */
  tell(detections: readonly Detection[], time: CaptureTime, input?: Size): SceneReport {
    const report = this.#report(time);
    this.#candidates.observe(detections, input, time.monotonicMs / 1000);
    return report;
  }

  /** Whether outlines are wanted of the picture that was just followed, before anything is told. */
  get needsOutlines(): boolean {
    return [...this.#events.values()].some((events) => events.needsOutline);
  }

  /**
   * The picture is segmented: zones test the feet of outlines from now on, events bring them.
   *
   * @param told what was told of this very picture: it gets outlines, too
   */
  outline(find: FindOutline, told: readonly Observation[] = []): void {
    for (const events of this.#events.values()) {
      events.outline(find);
      const { id, outlined: outline } = events;
      for (const observation of told) if (observation.id === id && outline) Object.assign(observation, { outline });
    }
  }

  /** A picture in which nothing has changed since the last one that was observed. */
  rest(time: CaptureTime): SceneReport {
    this.#tracker.rest(time.monotonicMs / 1000);
    this.#candidates.rest(time.monotonicMs / 1000);
    return this.#report(time);
  }

  #report(time: CaptureTime): SceneReport {
    const report: SceneReport = { observations: [], shots: [], state: undefined };
    for (const track of this.#tracker.ended) this.#events.get(track)?.end('gone', report);
    for (const track of this.#tracker.tracks) if (track.seen) this.#eventsOf(track).see(time, report);
    this.#dropDead();
    report.state = this.#occupancy.changed(this.#events.values(), time.utcMs);
    return report;
  }

  /**
   * What was seen in the last seconds, and why it was told or not.
   *
   * @param time now
   * @param place what was seen there alone, as fractions of the picture
   */
  explain(seconds: number, time: CaptureTime, place?: Point): Explanation {
    const { camera, settings } = this.#options;
    const isoOf = (at: number) => new Date(time.utcMs - (time.monotonicMs - at * 1000)).toISOString();
    const now = time.monotonicMs / 1000;
    const notes: string[] = [];
    if (settings.region !== undefined) notes.push(`outside the region ${settings.region.join(', ')} nobody looks`);
    return {
      camera,
      from: isoOf(now - seconds),
      to: isoOf(now),
      looks: this.#candidates.looks,
      still: this.#candidates.still,
      notes,
      background: seenAt(place, this.background).map(({ class: name, box, bestScore }) => ({
        class: name,
        box: roundBox(box),
        bestScore: round(bestScore, 3),
      })),
      candidates: this.#candidates.explain(now - seconds, isoOf, place),
    };
  }

  /** What a classifier says of a track's object; told with its next events. @param name of the classifier */
  describe(track: string, name: string, attribute: Attribute): void {
    for (const events of this.#events.values()) if (events.id === track) events.describe(name, attribute);
  }

  /** Places where the network sees something that it is never sure of. */
  get background(): readonly Place[] {
    return this.#tracker.background.learnt;
  }

  clearBackground(): void {
    this.#tracker.background.clear();
  }

  /** Ends all open tracks, because no more pictures come for now. The scene can go on after it. */
  end(reason: EndReason, time: CaptureTime): SceneReport {
    const report: SceneReport = { observations: [], shots: [], state: undefined };
    for (const events of this.#events.values()) events.end(reason, report);
    this.#events.clear();
    this.#tracker.clear();
    report.state = this.#occupancy.changed([], time.utcMs);
    return report;
  }

  /** Those of the settings that are in force. */
  get #masks(): Masks {
    const { masks } = this.#options.settings;
    if (this.#madeMasks?.settings !== masks) this.#madeMasks = new Masks(masks);
    return this.#madeMasks;
  }

  get #calibration(): Calibration {
    return new Calibration(this.#options.model, this.#minScore);
  }

  #choose(wanted: readonly string[] | undefined): void {
    const known = this.#options.model.classes;
    const classes = wanted && new Set(wanted);
    const kinds = wanted && new Set(wanted.map(kindOf));
    this.#wanted = (className) => (known?.includes(className) ?? true) && (classes?.has(className) ?? true);
    // A wanted car that is taken for a truck in some pictures must not be lost in them.
    this.#mayBeWanted = (detection) => kinds?.has(kindOf(detection.class)) ?? true;
  }

  #shape(aspect: number): void {
    this.#aspect = aspect;
    const looks = looksOf(this.#options.settings.tiles);
    this.#tracker = new Tracker({ calibration: this.#calibration, aspect, looks });
    this.#candidates = new CandidateMemory({
      tracker: this.#tracker,
      looks,
      idOf: (track) => this.#events.get(track)?.id,
      isWanted: (className) => this.#wanted(className),
      maskOf: (seen) => this.#masks.find(seen),
    });
    this.#place(undefined);
  }

  /** @param before settings that the zones and lines were made by: those that are the same stay, and whoever is in them */
  #place(before: CameraSettings | undefined): void {
    const { zones, lines } = this.#options.settings;
    const aspect = this.#aspect;
    const [oldZones, oldLines] = [this.#zones, this.#lines];
    this.#zones = Object.entries(zones).map(([name, zone]) => {
      const same = before && isDeepStrictEqual(zone, before.zones[name]);
      return (same && oldZones.find((old) => old.name === name)) || new Zone(name, zone, aspect);
    });
    this.#lines = Object.entries(lines).map(([name, line]) => {
      const same = before && isDeepStrictEqual(line, before.lines[name]);
      return (same && oldLines.find((old) => old.name === name)) || new Line(name, line, aspect);
    });
  }

  get #context(): TrackContext {
    const { camera, runId, events } = this.#options;
    return {
      camera,
      updateSeconds: events.updateSeconds,
      zones: this.#zones,
      lines: this.#lines,
      counts: this.#counts,
      wanted: this.#wanted,
      nextId: () => `${runId}-${++this.#ids}`,
    };
  }

  #eventsOf(track: Track): TrackEvents {
    let events = this.#events.get(track);
    if (events === undefined) {
      events = new TrackEvents(track, this.#context);
      this.#events.set(track, events);
    }
    return events;
  }

  /** Tracks may end without a word: those that were never confirmed. */
  #dropDead(): void {
    const alive = this.#tracker.tracks;
    if (this.#events.size === alive.length) return;
    for (const track of this.#events.keys()) if (!alive.includes(track)) this.#events.delete(track);
  }
}

/** A track as far as it is counted. */
interface Occupant {
  readonly isOpen: boolean;
  readonly stationary: boolean;
  readonly className: string | undefined;
  readonly zones: readonly string[];
}

type Counts = Record<string, number>;

/** Counts the open tracks of a camera, as a whole and by zone. */
class Occupancy {
  /** Every class that was ever counted stays, as 0: a hub then shows 0 and not the last number for ever. */
  #state: Pick<CameraState, 'counts' | 'moving' | 'zones'>;
  /** All numbers of the state that was returned last. A class that is new makes one more of them. */
  #returned: readonly number[] = [];

  constructor(
    private readonly camera: string,
    zones: readonly string[],
  ) {
    this.#state = { counts: {}, moving: 0, zones: Object.fromEntries(zones.map((zone) => [zone, {}])) };
  }

  /** Other zones. What is returned next is returned whatever it is. */
  use(zones: readonly string[]): void {
    const known = this.#state.zones;
    this.#state.zones = Object.fromEntries(zones.map((zone) => [zone, known[zone] ?? {}]));
    this.#returned = [];
  }

  /** The state if it differs from the one that this returned last. */
  changed(occupants: Iterable<Occupant>, utcMs: number): CameraState | undefined {
    const { counts, zones } = this.#state;
    zero(counts);
    for (const zone of Object.values(zones)) zero(zone);
    this.#state.moving = 0;
    for (const { isOpen, stationary, className, zones: inside } of occupants) {
      if (!isOpen || className === undefined) continue;
      add(counts, className);
      if (!stationary) this.#state.moving += 1;
      for (const name of inside) add(zones[name] ?? {}, className);
    }
    const numbers = [this.#state.moving, ...[counts, ...Object.values(zones)].flatMap(Object.values<number>)];
    const isSame = (number: number, i: number) => number === this.#returned[i];
    if (numbers.length === this.#returned.length && numbers.every(isSame)) return undefined;
    this.#returned = numbers;
    return { camera: this.camera, at: new Date(utcMs).toISOString(), ...structuredClone(this.#state) };
  }
}

function zero(counts: Counts): void {
  for (const key of Object.keys(counts)) counts[key] = 0;
}

function add(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
