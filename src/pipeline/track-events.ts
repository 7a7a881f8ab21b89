import type { Attribute, Direction, EndReason, Observation, Outline } from '../contract/event.js';
import type { Box } from '../contract/geometry.js';
import type { LiveTrack } from '../contract/live.js';
import type { CaptureTime } from '../timing/monotonic.js';
import { type Line, type LineCounts, LineWatch } from './lines.js';
import type { FindOutline } from './outliner.js';
import { round, roundBox } from './rounding.js';
import { iou } from './track/overlap.js';
import type { Track } from './track/track.js';
import { TrackOutline } from './track-outline.js';
import { type Zone, ZoneWatch } from './zones.js';

/** How far beyond a line or a border an object has to be to be there: fraction of its size … */
const marginInSizes = 0.08;
/** … and at least this, picture widths. */
const leastMargin = 0.004;

/** An object has moved (or grown) when its box overlaps the one last published by less than this. */
const movedIou = 0.6;
/** A best score is news when it is better by this. */
const scoreStep = 0.15;
/** A snapshot is worth replacing when the object is seen with a score better by this. */
const shotStep = 0.1;

/** Where there are zones, the outline of what moves is looked for that often: seconds. */
const outlineSeconds = 1;

/** A snapshot that is wanted of the picture that was just observed. */
export interface Shot {
  track: string;
  class: string;
  box: Box;
}

export interface TrackReport {
  /** In order. */
  observations: Observation[];
  /** They are to be published before the observations. */
  shots: Shot[];
}

/** What the tracks of one scene share. */
export interface TrackContext {
  camera: string;
  updateSeconds: number;
  zones: readonly Zone[];
  lines: readonly Line[];
  counts: LineCounts;
  /** Whether a class is asked for. */
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
 * The events of one track: `new`, what it does, `end`. The track is watched from its first detection on, but nothing is
 * reported until it is confirmed; a line that was crossed before that is reported right after `new`.
 */
export class TrackEvents {
  /** By the vote of its detections, among the wanted ones. */
  className: string | undefined;
  /** Names of the zones that it is in. */
  zones: string[] = [];
  readonly #track: Track;
  #context: TrackContext;
  #zoneWatches: readonly ZoneWatch[];
  #lineWatches: readonly LineWatch[];
  /** Lines that were crossed before `new`. */
  readonly #earlyCrossings: Crossing[] = [];
  #id = '';
  readonly #attributes: Record<string, Attribute> = {};
  readonly #outline = new TrackOutline();
  #published: PublishedFacts | undefined;
  #time: CaptureTime | undefined;

  constructor(track: Track, context: TrackContext) {
    this.#track = track;
    this.#context = context;
    this.#zoneWatches = context.zones.map((zone) => new ZoneWatch(zone));
    this.#lineWatches = context.lines.map((line) => new LineWatch(line));
  }

  /** Of its events; undefined if there were none. */
  get id(): string | undefined {
    return this.#id || undefined;
  }

  get isOpen(): boolean {
    return this.#published !== undefined;
  }

  get stationary(): boolean {
    return this.#track.stationary;
  }

  /** As it stands in the newest picture; undefined before `new`. */
  get shown(): LiveTrack | undefined {
    if (this.#published === undefined) return undefined;
    const { seen, present, sure, box, expected, score, stationary } = this.#track;
    return {
      id: this.#id,
      class: this.className ?? '',
      score: round(score, 3),
      box: roundBox(seen ? box : expected),
      seen: present,
      sure,
      zones: this.zones.slice(),
      stationary,
    };
  }

  /** Other zones, lines or classes: it goes on, but for a class that nobody wants any more. */
  use(context: TrackContext, report: TrackReport): void {
    if (this.isOpen && !context.wanted(this.className ?? '')) this.end('detect-off', report);
    const before = this.#zoneWatches;
    this.#context = context;
    this.#lineWatches = context.lines.map(
      (line) => this.#lineWatches.find((watch) => watch.line === line) ?? new LineWatch(line),
    );
    this.#zoneWatches = context.zones.map((zone) => {
      const known = before.find((watch) => watch.zone.name === zone.name);
      if (known === undefined) return new ZoneWatch(zone);
      return known.zone === zone ? known : known.movedTo(zone);
    });
    this.zones = this.#zoneWatches.filter(({ inside }) => inside).map(({ zone }) => zone.name);
    if (!this.isOpen) return;
    const isKept = ({ zone }: ZoneWatch) => context.zones.some(({ name }) => name === zone.name);
    for (const watch of before) if (watch.inside && !isKept(watch)) this.#reportMove(watch, 'leave', report);
  }

  /** What a classifier says of the object. @param name of the classifier */
  describe(name: string, { class: className, score }: Attribute): void {
    this.#attributes[name] = { class: className, score: round(score, 3) };
  }

  /** Whether its outline should be known before {@link see}: its `new` comes, or zones ask where it stands by now. */
  get needsOutline(): boolean {
    const { seen, confirmed, stationary, lastSeen, votes } = this.#track;
    if (!seen || !confirmed) return false;
    if (!this.isOpen) return votes.winner(this.className, this.#context.wanted) !== undefined;
    return this.#zoneWatches.length > 0 && !stationary && lastSeen - this.#outline.lookedAt >= outlineSeconds;
  }

  /** The newest picture is segmented. */
  outline(find: FindOutline): void {
    const { seen, confirmed, class: className, box, lastSeen } = this.#track;
    if (seen && confirmed) this.#outline.see(find(className, box), box, lastSeen);
  }

  /** As it is where it was last seen. */
  get outlined(): Outline | undefined {
    return this.#outline.at(this.#track.box);
  }

  /** The track was seen in the picture of `time`. */
  see(time: CaptureTime, report: TrackReport): void {
    const track = this.#track;
    this.#time = time;
    this.className = track.votes.winner(this.className, this.#context.wanted);
    const moves = this.#watchZones();
    const crossings = this.#watchLines();
    if (this.#published === undefined) {
      this.#earlyCrossings.push(...crossings);
      if (track.confirmed && this.className !== undefined) this.#open(report);
    } else {
      for (const { watch, move } of moves) this.#reportMove(watch, move, report);
      for (const crossing of crossings) this.#reportCrossing(crossing, report);
    }
    if (this.#published === undefined) return;
    this.#reportDwells(report);
    this.#reportUpdate(this.#published, report);
  }

  /** The track is over; nothing is reported of one that had no `new`. */
  end(reason: EndReason, report: TrackReport): void {
    if (this.#published === undefined) return;
    for (const watch of this.#lineWatches) {
      // It went out of sight just behind the line. One that stands on the line has not crossed it.
      const direction = this.#track.stationary ? undefined : watch.finish();
      if (direction && this.#admits(watch.line)) this.#reportCrossing({ line: watch.line, direction }, report);
    }
    this.zones = [];
    for (const watch of this.#zoneWatches) if (watch.inside) this.#reportMove(watch, 'leave', report);
    report.observations.push({ type: 'end', ...this.#sighting(), reason });
    this.#published = undefined;
  }

  #open(report: TrackReport): void {
    const track = this.#track;
    this.#id = this.#context.nextId();
    this.#published = new PublishedFacts(this.#facts(), track.lastSeen);
    this.#requestSnapshot(report);
    report.observations.push({ type: 'new', ...this.#sighting() });
    for (const watch of this.#zoneWatches) if (watch.inside) this.#reportMove(watch, 'enter', report);
    for (const crossing of this.#earlyCrossings) this.#reportCrossing(crossing, report);
    this.#earlyCrossings.length = 0;
  }

  #watchZones(): ZoneMove[] {
    const { footX, footY, expected, size, lastSeen } = this.#track;
    const [x, y] = this.#outline.foot(expected) ?? [footX, footY];
    const moves: ZoneMove[] = [];
    for (const watch of this.#zoneWatches) {
      const move = watch.step(x, y, marginOf(size), this.#admits(watch.zone), lastSeen);
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

  #reportMove({ zone, enteredAt }: ZoneWatch, move: 'enter' | 'leave', report: TrackReport): void {
    const common = { ...this.#sighting(), zone: zone.name };
    if (move === 'enter') report.observations.push({ type: 'enter', ...common });
    else report.observations.push({ type: 'leave', ...common, dwellMs: this.#msSince(enteredAt) });
  }

  #reportDwells(report: TrackReport): void {
    for (const watch of this.#zoneWatches) {
      if (!watch.dwellDue(this.#track.lastSeen)) continue;
      const dwellMs = this.#msSince(watch.enteredAt);
      report.observations.push({ type: 'dwell', ...this.#sighting(), zone: watch.zone.name, dwellMs });
    }
  }

  #reportCrossing({ line, direction }: Crossing, report: TrackReport): void {
    const sighting = this.#sighting();
    const counts = this.#context.counts.add(line.name, sighting.class, direction);
    report.observations.push({ type: 'crossing', ...sighting, line: line.name, direction, counts });
  }

  #reportUpdate(published: PublishedFacts, report: TrackReport): void {
    if (!published.isOlderThan(this.#context.updateSeconds, this.#track.lastSeen)) return;
    const facts = this.#facts();
    if (!published.differsFrom(facts)) return;
    if (published.update(facts, this.#track.lastSeen)) this.#requestSnapshot(report);
    report.observations.push({ type: 'update', ...this.#sighting() });
  }

  #requestSnapshot(report: TrackReport): void {
    const { class: className, box } = this.#facts();
    report.shots.push({ track: this.#id, class: className, box: roundBox(box) });
  }

  #facts(): Facts {
    const { score, bestScore, box, stationary } = this.#track;
    const attributes = Object.entries(this.#attributes).map(([name, attribute]) => `${name}=${attribute.class}`);
    const { zones, className = '' } = this;
    return { class: className, score, bestScore, box, zones, stationary, attributes: attributes.join() };
  }

  /** As the object was last seen. */
  #sighting() {
    const { speed, firstSeen } = this.#track;
    const facts = this.#facts();
    const { monotonicMs, utcMs } = this.#time as CaptureTime;
    const { outlined } = this;
    return {
      camera: this.#context.camera,
      id: this.#id,
      class: facts.class,
      score: round(facts.score, 3),
      bestScore: round(facts.bestScore, 3),
      box: roundBox(facts.box),
      zones: facts.zones.slice(),
      speed: round(speed, 3),
      stationary: facts.stationary,
      ...(facts.attributes !== '' && { attributes: { ...this.#attributes } }),
      ...(outlined && { outline: outlined }),
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

/** What subscribers care about in a track. */
interface Facts {
  class: string;
  score: number;
  bestScore: number;
  box: Box;
  zones: readonly string[];
  stationary: boolean;
  /** What the classifiers say, without their scores. */
  attributes: string;
}

/** What was last published of a track, and whether what is known now differs enough to publish it again. */
class PublishedFacts {
  #facts: Facts;
  #at: number;
  #shotScore: number;

  /** @param seconds when its `new` was published, with a snapshot */
  constructor(facts: Facts, seconds: number) {
    this.#facts = facts;
    this.#at = seconds;
    this.#shotScore = facts.score;
  }

  isOlderThan(seconds: number, now: number): boolean {
    return now - this.#at >= seconds;
  }

  /** @returns whether a snapshot should go with it */
  update(facts: Facts, seconds: number): boolean {
    this.#facts = facts;
    this.#at = seconds;
    const better = this.#shotIsBetter(facts);
    if (better) this.#shotScore = facts.score;
    return better;
  }

  differsFrom(now: Facts): boolean {
    const then = this.#facts;
    return (
      now.class !== then.class ||
      now.stationary !== then.stationary ||
      now.attributes !== then.attributes ||
      now.bestScore >= then.bestScore + scoreStep ||
      this.#shotIsBetter(now) ||
      now.zones.length !== then.zones.length ||
      now.zones.some((zone, i) => zone !== then.zones[i]) ||
      iou(now.box, then.box) < movedIou
    );
  }

  #shotIsBetter(now: Facts): boolean {
    return now.score >= this.#shotScore + shotStep;
  }
}
