import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import { Assignment } from './assign.js';
import { kindOf } from './classes.js';
import { onePerObject } from './one-per-object.js';
import { area, containment, distanceIou, iou, isCut } from './overlap.js';
import { Track } from './track.js';

export interface TrackerOptions {
  /** A track begins with this score or more; at less, detections only continue tracks. */
  minScore: number;
  /** Of the picture, width / height. */
  aspect: number;
  /** A track is confirmed when it was surely seen this often … */
  confirmHits?: number;
  /** … within this time, seconds (or ten pictures, where that is longer). */
  confirmSeconds?: number;
  /** A track is over when it was not seen for this time, seconds (or three pictures, where that is longer). */
  lostSeconds?: number;
  /** The same for one that stands still. */
  stationaryLostSeconds?: number;
}

/** Low detections reach down to this fraction of `minScore`, and never below `noise`. */
const lowFraction = 0.4;
const noise = 0.1;
/** Two tracks whose boxes overlap this much show one object, whatever their classes: a person bent down is no dog. */
const samePlaceIou = 0.75;
/** Squared Mahalanobis distance, four standard deviations: further away it is not the same object. */
const gate = 16;
/** Neither is it when its area changed by more than this factor. */
const maxGrowth = 3;
/** The gate is for boxes that overlap less than this … */
const clearIou = 0.2;
/** … and after this time unseen it would let everything through, seconds. */
const reachSeconds = 1;
/** A low detection has to overlap this much: noise is everywhere. */
const lowIou = 0.4;
/** Classes are confused only in the same place. */
const confusedIou = 0.4;
/** And at this extra cost, so that a detection of the same class is preferred. */
const confusedCost = 0.1;
/** No track begins with a piece at the picture's edge that is thinner than this, fraction of the picture. */
const sliver = 0.02;
/** What comes in at the picture's edge is what was seen there before, if that much of it is in the new box. */
const comeInContainment = 0.7;
/** A new object that overlaps a known one this much is a second look at the known one. */
const duplicateIou = 0.5;
const duplicateContainment = 0.85;
/** A new track that overlaps a lost one this much is the lost one. */
const adoptIou = 0.3;
/** A track that has left the picture is over after this time unseen, seconds. */
const leftSeconds = 0.4;

/**
 * ByteTrack (Zhang et al. 2022): surely seen objects are matched first, then what is left of the tracks is looked for
 * among the low-scored detections, which are the covered and blurred ones. Changed where edge cameras differ from the
 * benchmark's: time is in seconds, since their rate is low and uneven; the cost is the distance IoU inside a
 * Mahalanobis gate, since at 5 pictures a second a car moves more than its length; classes are voted.
 */
export class Tracker {
  /** All tracks, oldest first, the unconfirmed ones too. */
  readonly tracks: Track[] = [];
  /** Confirmed tracks that the last step ended. */
  readonly ended: Track[] = [];
  readonly #options: Required<TrackerOptions>;
  readonly #low: number;
  readonly #assignment = new Assignment();
  readonly #rows: Track[] = [];
  #left: Detection[] = [];
  #taken: Detection[] = [];
  #now: number | undefined;
  /** Seconds between pictures, smoothed. */
  #interval = 0;

  constructor(options: TrackerOptions) {
    this.#options = { confirmHits: 3, confirmSeconds: 1, lostSeconds: 2, stationaryLostSeconds: 10, ...options };
    this.#low = Math.max(noise, lowFraction * options.minScore);
  }

  /** @param seconds when the picture was taken, on any clock that doesn't go back */
  step(detections: readonly Detection[], seconds: number): void {
    const dt = this.#advance(seconds);
    this.#forget(seconds);
    for (const track of this.tracks) track.predict(dt);
    this.#taken = [];
    this.#left = onePerObject(detections, this.#low);
    const { minScore } = this.#options;
    this.#associate(seconds, true, (d) => d.score >= minScore, cost);
    this.#associate(seconds, true, (d) => d.score < minScore, lowCost);
    this.#associate(seconds, false, () => true, cost);
    this.#begin(seconds);
    this.#confirm();
  }

  /** Drops all tracks, so that the next picture begins anew. */
  clear(): void {
    this.tracks.length = 0;
    this.ended.length = 0;
    this.#now = undefined;
  }

  #advance(seconds: number): number {
    const dt = this.#now === undefined ? 0 : Math.max(0, seconds - this.#now);
    this.#now = seconds;
    // A long pause of the camera is not its rate.
    this.#interval =
      this.#interval === 0 ? dt : this.#interval + 0.1 * (Math.min(dt, 3 * this.#interval) - this.#interval);
    return dt;
  }

  /** Ends what was not seen for too long: before the new picture is looked at, so that nothing is found in it by chance. */
  #forget(seconds: number): void {
    this.ended.length = 0;
    let kept = 0;
    for (const track of this.tracks) {
      if (this.#isOver(track, seconds)) {
        if (track.confirmed) this.ended.push(track);
      } else {
        this.tracks[kept++] = track;
      }
    }
    this.tracks.length = kept;
  }

  #isOver(track: Track, seconds: number): boolean {
    const { confirmSeconds, lostSeconds, stationaryLostSeconds } = this.#options;
    const unseen = seconds - track.lastSeen;
    if (!track.confirmed) return seconds - track.firstSeen > Math.max(confirmSeconds, 10 * this.#interval);
    if (unseen <= 3.5 * this.#interval) return false;
    if (track.outside) return unseen > leftSeconds;
    return unseen > (track.atRest ? stationaryLostSeconds : lostSeconds);
  }

  #associate(
    seconds: number,
    confirmed: boolean,
    wanted: (detection: Detection) => boolean,
    costOf: (track: Track, detection: Detection, seconds: number) => number,
  ): void {
    const rows = this.#rows;
    rows.length = 0;
    for (const track of this.tracks) if (track.confirmed === confirmed && !track.seen) rows.push(track);
    if (rows.length === 0 || this.#left.length === 0) return;
    const columns = this.#left.filter(wanted);
    this.#assignment.resize(rows.length, columns.length);
    rows.forEach((track, row) => {
      columns.forEach((detection, column) => {
        this.#assignment.set(row, column, costOf(track, detection, seconds));
      });
    });
    this.#assignment.solve(rows.length, columns.length, 1).forEach((column, row) => {
      const detection = columns[column];
      const track = rows[row];
      if (detection === undefined || track === undefined) return;
      track.see(detection, seconds);
      if (detection.score >= this.#options.minScore) track.hits++;
      this.#taken.push(detection);
    });
    this.#left = this.#left.filter((detection) => !this.#taken.includes(detection));
  }

  #begin(seconds: number): void {
    for (const detection of this.#left) {
      if (detection.score < this.#options.minScore || isSliver(detection.box)) continue;
      if (this.#taken.some((known) => isDuplicate(known, detection))) continue;
      this.tracks.push(new Track(detection, seconds, this.#options.aspect));
      this.#taken.push(detection);
    }
  }

  #confirm(): void {
    let kept = 0;
    for (const track of this.tracks) {
      if (!track.confirmed && track.seen && track.hits >= this.#options.confirmHits) {
        const lost = this.#lostTwin(track);
        lost?.become(track);
        if (lost !== undefined || this.#isTaken(track)) continue;
        track.confirmed = true;
      }
      this.tracks[kept++] = track;
    }
    this.tracks.length = kept;
  }

  /** Whether a confirmed track is seen in the same place. */
  #isTaken(track: Track): boolean {
    return this.tracks.some((other) => other.confirmed && other.seen && iou(other.box, track.box) > samePlaceIou);
  }

  /** The confirmed track that this new one continues: it was lost before this one was first seen. */
  #lostTwin(track: Track): Track | undefined {
    let twin: Track | undefined;
    let most = adoptIou;
    for (const other of this.tracks) {
      if (!other.confirmed || other.seen || other.kind !== track.kind || other.lastSeen >= track.firstSeen) continue;
      const overlap = Math.max(iou(other.expected, track.box), iou(other.box, track.box));
      if (overlap <= most) continue;
      twin = other;
      most = overlap;
    }
    return twin;
  }
}

/** At the picture's edge so little of an object is seen that its box says nothing of the whole. */
function isSliver(box: Box): boolean {
  return isCut(box) && (box[2] - box[0] < sliver || box[3] - box[1] < sliver);
}

/** Of a person who comes in a leg is seen first: the box grows by leaps, but what was seen is in it. */
function hasComeIn(before: Box, now: Box): boolean {
  return isCut(before) && isCut(now) && area(now) > area(before) && containment(before, now) > comeInContainment;
}

function isDuplicate(known: Detection, candidate: Detection): boolean {
  if (kindOf(known.class) !== kindOf(candidate.class)) return false;
  return iou(known.box, candidate.box) > duplicateIou || containment(known.box, candidate.box) > duplicateContainment;
}

/** How many times larger the one area is than the other. */
function growth(track: Track, detection: Detection): number {
  const ratio = area(track.expected) / area(detection.box);
  return Math.max(ratio, 1 / ratio);
}

function isWithinReach(track: Track, detection: Detection, seconds: number): boolean {
  if (seconds - track.lastSeen > reachSeconds) return false;
  return track.surprise(detection.box) <= gate && growth(track, detection) <= maxGrowth;
}

/** 0..1, where 1 and more means never. */
function cost(track: Track, detection: Detection, seconds: number): number {
  if (track.outside || track.kind !== kindOf(detection.class)) return 1;
  const overlap = iou(track.expected, detection.box);
  if (overlap < clearIou && !isWithinReach(track, detection, seconds) && !hasComeIn(track.box, detection.box)) return 1;
  const confused = !track.votes.has(detection.class);
  if (confused && overlap < confusedIou) return 1;
  return (1 - distanceIou(track.expected, detection.box, overlap)) / 2 + (confused ? confusedCost : 0);
}

function lowCost(track: Track, detection: Detection): number {
  if (track.kind !== kindOf(detection.class)) return 1;
  const overlap = iou(track.expected, detection.box);
  return overlap < lowIou ? 1 : 1 - overlap;
}
