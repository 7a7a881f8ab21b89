import type { Direction, EndReason } from '../contract/event.js';
import type { LineCounts } from './line-counts.js';
import { type Line, LineWatch } from './lines.js';
import { round, roundBox } from './rounding.js';
import type { FrameTime, SceneReport } from './scene.js';
import { type Facts, Told } from './told.js';
import type { Track } from './track/track.js';
import { type Zone, ZoneWatch } from './zones.js';

/** How far beyond a line or a border an object has to be to be there: fraction of its size … */
const marginInSizes = 0.08;
/** … and at least this, picture widths. */
const leastMargin = 0.004;

/** What the stories of one scene share. */
export interface Setting {
  camera: string;
  updateSeconds: number;
  zones: readonly Zone[];
  lines: readonly Line[];
  counts: LineCounts;
  /** Whether a class is to be told of at all. */
  wanted: (className: string) => boolean;
  nextId: () => string;
}

interface Crossing {
  line: Line;
  direction: Direction;
}

interface ZoneMove {
  watch: ZoneWatch;
  move: 'enter' | 'leave';
}

/**
 * All that is told of one track: `new`, what it does, `end`. It watches the track from its first sight, but keeps
 * quiet until the track is confirmed; a line that was crossed before that is told right after `new`.
 */
export class Story {
  /** By the vote of its detections, among the wanted ones. */
  className: string | undefined;
  /** Names of the zones that it is in. */
  zones: string[] = [];
  readonly #track: Track;
  readonly #setting: Setting;
  readonly #zoneWatches: readonly ZoneWatch[];
  readonly #lineWatches: readonly LineWatch[];
  readonly #untoldCrossings: Crossing[] = [];
  #id = '';
  #told: Told | undefined;
  #time: FrameTime | undefined;

  constructor(track: Track, setting: Setting) {
    this.#track = track;
    this.#setting = setting;
    this.#zoneWatches = setting.zones.map((zone) => new ZoneWatch(zone));
    this.#lineWatches = setting.lines.map((line) => new LineWatch(line));
  }

  get isOpen(): boolean {
    return this.#told !== undefined;
  }

  get stationary(): boolean {
    return this.#track.stationary;
  }

  /** The track was seen in the picture of `time`. */
  see(time: FrameTime, report: SceneReport): void {
    const track = this.#track;
    this.#time = time;
    this.className = track.votes.winner(this.className, this.#setting.wanted);
    const moves = this.#watchZones();
    const crossings = this.#watchLines();
    if (this.#told === undefined) {
      this.#untoldCrossings.push(...crossings);
      if (track.confirmed && this.className !== undefined) this.#open(report);
    } else {
      for (const { watch, move } of moves) this.#tellMove(watch, move, report);
      for (const crossing of crossings) this.#tellCrossing(crossing, report);
    }
    if (this.#told === undefined) return;
    this.#tellDwells(report);
    this.#tellUpdate(this.#told, report);
  }

  /** The track is over; nothing is told of one that was never told of. */
  end(reason: EndReason, report: SceneReport): void {
    if (this.#told === undefined) return;
    for (const watch of this.#lineWatches) {
      // It went out of sight just behind the line. One that stands on the line has not crossed it.
      const direction = this.#track.stationary ? undefined : watch.finish();
      if (direction && this.#admits(watch.line)) this.#tellCrossing({ line: watch.line, direction }, report);
    }
    this.zones = [];
    for (const watch of this.#zoneWatches) if (watch.inside) this.#tellMove(watch, 'leave', report);
    report.observations.push({ type: 'end', ...this.#sighting(), reason });
    this.#told = undefined;
  }

  #open(report: SceneReport): void {
    const track = this.#track;
    this.#id = this.#setting.nextId();
    this.#told = new Told(this.#facts(), track.lastSeen);
    this.#shoot(report);
    report.observations.push({ type: 'new', ...this.#sighting() });
    for (const watch of this.#zoneWatches) if (watch.inside) this.#tellMove(watch, 'enter', report);
    for (const crossing of this.#untoldCrossings) this.#tellCrossing(crossing, report);
    this.#untoldCrossings.length = 0;
  }

  #watchZones(): ZoneMove[] {
    const { footX, footY, size, lastSeen } = this.#track;
    const moves: ZoneMove[] = [];
    for (const watch of this.#zoneWatches) {
      const move = watch.step(footX, footY, marginOf(size), this.#admits(watch.zone), lastSeen);
      if (move) moves.push({ watch, move });
    }
    if (moves.length > 0) this.zones = this.#zoneWatches.filter(({ inside }) => inside).map(({ zone }) => zone.name);
    return moves;
  }

  #watchLines(): Crossing[] {
    const { footX, footY, size } = this.#track;
    const crossings: Crossing[] = [];
    for (const watch of this.#lineWatches) {
      const direction = watch.step(footX, footY, marginOf(size));
      if (direction && this.#admits(watch.line)) crossings.push({ line: watch.line, direction });
    }
    return crossings;
  }

  #admits({ classes }: Line | Zone): boolean {
    return classes === undefined || (this.className !== undefined && classes.includes(this.className));
  }

  #tellMove({ zone, enteredAt }: ZoneWatch, move: 'enter' | 'leave', report: SceneReport): void {
    const common = { ...this.#sighting(), zone: zone.name };
    if (move === 'enter') report.observations.push({ type: 'enter', ...common });
    else report.observations.push({ type: 'leave', ...common, dwellMs: this.#msSince(enteredAt) });
  }

  #tellDwells(report: SceneReport): void {
    for (const watch of this.#zoneWatches) {
      if (!watch.dwellDue(this.#track.lastSeen)) continue;
      const dwellMs = this.#msSince(watch.enteredAt);
      report.observations.push({ type: 'dwell', ...this.#sighting(), zone: watch.zone.name, dwellMs });
    }
  }

  #tellCrossing({ line, direction }: Crossing, report: SceneReport): void {
    const sighting = this.#sighting();
    const counts = this.#setting.counts.add(line.name, sighting.class, direction);
    report.observations.push({ type: 'crossing', ...sighting, line: line.name, direction, counts });
  }

  #tellUpdate(told: Told, report: SceneReport): void {
    const facts = this.#facts();
    if (!told.updateDue(facts, this.#track.lastSeen, this.#setting.updateSeconds)) return;
    if (told.update(facts, this.#track.lastSeen)) this.#shoot(report);
    report.observations.push({ type: 'update', ...this.#sighting() });
  }

  #shoot(report: SceneReport): void {
    const { class: className, box } = this.#facts();
    report.shots.push({ track: this.#id, class: className, box: roundBox(box) });
  }

  #facts(): Facts {
    const { score, bestScore, box, stationary } = this.#track;
    return { class: this.className ?? '', score, bestScore, box, zones: this.zones, stationary };
  }

  /** As the object was last seen. */
  #sighting() {
    const { speed, firstSeen } = this.#track;
    const facts = this.#facts();
    const { monotonicMs, utcMs } = this.#time as FrameTime;
    return {
      camera: this.#setting.camera,
      id: this.#id,
      class: facts.class,
      score: round(facts.score, 3),
      bestScore: round(facts.bestScore, 3),
      box: roundBox(facts.box),
      zones: facts.zones.slice(),
      speed: round(speed, 3),
      stationary: facts.stationary,
      ageMs: this.#msSince(firstSeen),
      capturedAt: new Date(utcMs).toISOString(),
      capturedMonotonicMs: round(monotonicMs, 1),
    };
  }

  /** Milliseconds from `seconds` to when the object was last seen. */
  #msSince(seconds: number): number {
    return Math.round((this.#track.lastSeen - seconds) * 1000);
  }
}

function marginOf(size: number): number {
  return Math.max(leastMargin, marginInSizes * size);
}
