import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import { Assignment } from './assign.js';
import { Background } from './background.js';
import { kindOf } from './classes.js';
import type { Calibration } from './evidence.js';
import { area, containment, coveredShare, distanceIou, heightIou, iou, isCut } from './overlap.js';
import { Track } from './track.js';

export interface TrackerOptions {
  /** What scores are worth. */
  calibration: Calibration;
  /** Of the picture, width / height. */
  aspect: number;
  /** An unconfirmed track is over when it was not seen for this time, seconds (or two pictures, where that is longer). */
  unconfirmedLostSeconds?: number;
  /** A track is over when it was not seen for this time, seconds (or three pictures, where that is longer). */
  lostSeconds?: number;
  /** The same for one that stands still. */
  stationaryLostSeconds?: number;
}

/** A detection with a lower score is no sign of anything. */
export const lowestScore = 0.25;
/** Two boxes that overlap this much show one object, if their classes may be confused. */
const sameObjectIou = 0.7;
/** Two tracks whose boxes overlap this much show one object, whatever their classes: a person bent down is no dog. */
const samePlaceIou = 0.75;
/** Squared Mahalanobis distance, four standard deviations: further away it is not the same object. */
const gate = 16;
/** Neither is it when its area changed by more than this factor. */
const maxGrowth = 3;
/** The gate is for boxes that overlap less than this … */
const clearIou = 0.2;
/**
 * … and the gate opens with time: a track that was unseen for longer than this must overlap, seconds. An unconfirmed
 * one must at once, after the next picture: it may be a false alarm, and would leap to the first real object.
 */
const leapSeconds = 1;
/** A weak detection has to overlap this much, for noise is everywhere. */
const weakIou = 0.4;
/**
 * Weak detections alone hold a track for longer than the time of a lost one only where it was last surely seen, and this
 * is how much the boxes have to overlap: a parked car at night, but not the stain on the wall that somebody stood beside.
 */
const heldIou = 0.5;
/** An unconfirmed track costs this much more, so that it takes nothing from a confirmed one that fits as well. */
const unconfirmedCost = 0.1;
/** Classes are confused only in the same place. */
const confusedIou = 0.3;
/** And at this extra cost, so that a detection of the same class is preferred. */
const confusedCost = 0.05;
/** Who stands at another distance is of another height and has feet elsewhere (Hybrid-SORT, Yang et al. 2024): at most so much. */
const heightCost = 0.25;
/**
 * Of two boxes that fit a track, the weaker one shows a part of its object, or a second box of it: at most so much. Sure
 * and weak detections are matched in one go, and without this a weak one that fits better leaves the sure one to a second
 * track.
 */
const scoreCost = 0.2;
/** Of two boxes of one kind that overlap this much, the weaker is no sign of a second object: it may show the first. */
const sharedIou = 0.4;
const sharedContainment = 0.75;
/** What overlaps a told object this much is that object, even if the background is there. */
const toldIou = 0.3;
/** No track begins with a piece at the picture's edge that is thinner than this, fraction of the picture. */
const sliver = 0.02;
/** Two boxes at the picture's edge show parts of one object, if that much of the smaller is in the larger. */
const partContainment = 0.7;
/** A new object that overlaps a known one this much is a second look at the known one. */
const duplicateIou = 0.5;
const duplicateContainment = 0.85;
/** A new track that overlaps a lost one this much is the lost one. */
const adoptIou = 0.3;
/**
 * A gap in the pictures of up to this long says nothing of the objects: nobody has looked, so nothing was not seen,
 * seconds. After a longer one only what exceeds it counts as unseen.
 */
const maxBlindSeconds = 2.5;
/** A step of more than so many usual ones is a gap. */
const gapSteps = 3.5;
/**
 * What has been seen for so long is told where 17 of 20 are right: who stands there from the start, or a parked car, can't
 * show by moving that it is no stain on the wall, and is missed for ever else. Seconds.
 */
const patientSeconds = 3;
/** A track that has left the picture is over after this time unseen, seconds. */
const leftSeconds = 0.4;

/**
 * In the manner of ByteTrack (Zhang et al. 2022): tracks are continued by weak detections too, which are the covered and
 * blurred objects, but begin with sure ones only. Changed where edge cameras differ from the benchmark's:
 * time is in seconds, since their rate is low and uneven; the cost is the distance IoU inside a Mahalanobis gate, since
 * at 5 pictures a second a car moves more than its length; so wide a gate let a half-covered car take the sure
 * detection of the one before it, so sure and weak detections are matched in one go and not one after the other;
 * classes are voted.
 */
export class Tracker {
  /** All tracks, oldest first, the unconfirmed ones too. */
  readonly tracks: Track[] = [];
  /** Confirmed tracks that the last step ended. */
  readonly ended: Track[] = [];
  /** What is seen in its places is no object, unless it is sure. */
  readonly background = new Background();
  readonly #options: Required<TrackerOptions>;
  readonly #assignment = new Assignment();
  /** Detections of the newest picture that are part of a track. */
  readonly #taken: Detection[] = [];
  #now: number | undefined;
  /** Seconds between pictures, smoothed. */
  #interval = 0;
  /** Seconds of gaps in the pictures so far. */
  #blind = 0;

  constructor(options: TrackerOptions) {
    this.#options = { unconfirmedLostSeconds: 0.35, lostSeconds: 2, stationaryLostSeconds: 10, ...options };
  }

  /** From the next picture on. */
  set calibration(calibration: Calibration) {
    this.#options.calibration = calibration;
  }

  /** @param seconds when the picture was taken, on any clock that doesn't go back */
  step(detections: readonly Detection[], seconds: number): void {
    const dt = this.#advance(seconds);
    this.#forget(seconds);
    for (const track of this.tracks) track.predict(dt);
    this.#cover();
    const candidates = this.#withoutBackground(onePerObject(detections, lowestScore), seconds);
    this.#associate(candidates, seconds);
    this.#begin(candidates, seconds);
    this.#confirm();
    this.background.learn(this.tracks, dt, seconds);
  }

  /**
   * A picture in which nothing has changed, so that nobody looked for detections in it: unlike an empty one it shows all
   * that the newest picture showed. It confirms nothing, for a false alarm would be the same again.
   */
  rest(seconds: number): void {
    this.#advance(seconds);
    for (const track of this.tracks) {
      if (!track.seen) continue;
      track.rest(seconds);
      track.blindBefore = this.#blind;
    }
    this.#forget(seconds);
  }

  /** A second look at the same picture would change nothing: what is told is seen, and nothing is about to be. */
  get settled(): boolean {
    return this.tracks.every(({ confirmed, seen, evidence }) => (confirmed ? seen : !(seen && evidence.isPromising)));
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
    if (this.#interval > 0 && dt > gapSteps * this.#interval)
      this.#blind += Math.min(dt - this.#interval, maxBlindSeconds);
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
    const { unconfirmedLostSeconds, lostSeconds, stationaryLostSeconds } = this.#options;
    const unseen = seconds - track.lastSeen - (this.#blind - track.blindBefore);
    if (!track.confirmed) return unseen > Math.max(unconfirmedLostSeconds, 2.5 * this.#interval);
    if (seconds - track.lastSure > lostSeconds && iou(track.box, track.sureBox) < heldIou) return true;
    if (unseen <= gapSteps * this.#interval) return false;
    if (track.outside) return unseen > leftSeconds;
    return unseen > (track.atRest ? stationaryLostSeconds : lostSeconds);
  }

  /** Without what is seen where something always is; one that is sure is something else, and so is a told object there. */
  #withoutBackground(detections: readonly Detection[], seconds: number): readonly Detection[] {
    return detections.filter((detection) => {
      const kind = kindOf(detection.class);
      const place = this.background.find(kind, detection.box);
      if (place === undefined) return true;
      if (this.#options.calibration.isSure(detection)) {
        this.background.forget(place);
        return true;
      }
      this.background.see(place, detection.score, seconds);
      return this.tracks.some(
        (track) => track.confirmed && track.kind === kind && iou(track.expected, detection.box) > toldIou,
      );
    });
  }

  /** Finds how much of each object is expected to be behind another that is nearer to the camera: lower in the picture. */
  #cover(): void {
    for (const track of this.tracks) {
      track.covered = 0;
      for (const other of this.tracks) {
        if (other === track || !other.confirmed || other.expected[3] <= track.expected[3]) continue;
        track.covered = Math.max(track.covered, coveredShare(track.expected, other.expected));
      }
    }
  }

  /** Continues tracks with detections. */
  #associate(detections: readonly Detection[], seconds: number): void {
    const { tracks } = this;
    const { calibration } = this.#options;
    const odds = detections.map((detection) => calibration.logOdds(detection));
    this.#taken.length = 0;
    this.#assignment.resize(tracks.length, detections.length);
    tracks.forEach((track, row) => {
      const mayLeap = seconds - track.lastSeen <= (track.confirmed ? leapSeconds : 1.5 * this.#interval);
      detections.forEach((detection, column) => {
        this.#assignment.set(row, column, costOf(track, detection, (odds[column] ?? 0) >= 0, mayLeap));
      });
    });
    this.#assignment.solve(tracks.length, detections.length, 1).forEach((column, row) => {
      const detection = detections[column];
      const track = tracks[row];
      if (track === undefined) return;
      if (detection === undefined) {
        track.evidence.miss();
        return;
      }
      track.see(detection, odds[column] ?? 0, seconds);
      track.blindBefore = this.#blind;
      this.#taken.push(detection);
    });
    for (const track of tracks) if (track.seen) track.weigh(tracks.some((other) => isSameThing(other, track)));
  }

  /** Begins tracks with the detections that continue none. */
  #begin(detections: readonly Detection[], seconds: number): void {
    for (const detection of detections) {
      if (isSliver(detection.box)) continue;
      if (this.#taken.some((known) => known === detection || isDuplicate(known, detection))) continue;
      const { calibration, aspect } = this.#options;
      const track = new Track(detection, calibration.logOdds(detection), seconds, aspect);
      track.blindBefore = this.#blind;
      this.tracks.push(track);
      this.#taken.push(detection);
    }
  }

  #confirm(): void {
    const { leastBestScore } = this.#options.calibration;
    let kept = 0;
    for (const track of this.tracks) {
      const isPatient = track.evidence.isLikely && track.lastSeen - track.firstSeen >= patientSeconds;
      const isSure = (track.evidence.isSure || isPatient) && track.bestScore >= leastBestScore;
      if (!track.confirmed && track.seen && isSure) {
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

  /**
   * The confirmed track that this new one continues: it was lost before this one was first seen. One of another kind was
   * taken for that until just before, in the very same place: who comes in with the back of a head first is a cat at first.
   */
  #lostTwin(track: Track): Track | undefined {
    let twin: Track | undefined;
    let most = 0;
    for (const other of this.tracks) {
      const sameKind = other.kind === track.kind;
      if (!other.confirmed || other.seen) continue;
      if (sameKind ? track.firstSeen <= other.lastSeen : track.lastSeen - other.lastSeen > gapSteps * this.#interval)
        continue;
      const overlap = Math.max(iou(other.expected, track.box), iou(other.box, track.box));
      if (overlap <= Math.max(most, sameKind ? adoptIou : samePlaceIou)) continue;
      twin = other;
      most = overlap;
    }
    return twin;
  }
}

/**
 * Detections of `floor` or more, best first, one for each object. The detector's suppression works class by class,
 * so a van comes as a car and as a truck in the same place.
 */
export function onePerObject(detections: readonly Detection[], floor: number): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of detections.filter(({ score }) => score >= floor).sort((a, b) => b.score - a.score)) {
    const kind = kindOf(candidate.class);
    if (!kept.some((k) => kindOf(k.class) === kind && iou(k.box, candidate.box) > sameObjectIou)) kept.push(candidate);
  }
  return kept;
}

/** At the picture's edge so little of an object is seen that its box says nothing of the whole. */
function isSliver(box: Box): boolean {
  return isCut(box) && (box[2] - box[0] < sliver || box[3] - box[1] < sliver);
}

/** Of a person who comes in a leg is seen first, and last of one who leaves: the box leaps, but one lies in the other. */
function isSamePart(before: Box, now: Box): boolean {
  return isCut(before) && isCut(now) && containment(before, now) > partContainment;
}

function isDuplicate(known: Detection, candidate: Detection): boolean {
  if (kindOf(known.class) !== kindOf(candidate.class)) return false;
  return iou(known.box, candidate.box) > duplicateIou || containment(known.box, candidate.box) > duplicateContainment;
}

/** Whether what is seen as `track` is seen as `other` already, which is told or more likely. */
function isSameThing(other: Track, track: Track): boolean {
  if (other === track || !other.seen || track.confirmed) return false;
  if (!other.confirmed && other.evidence.logOdds <= track.evidence.logOdds) return false;
  const overlap = iou(other.box, track.box);
  if (other.kind !== track.kind) return overlap > sameObjectIou;
  return overlap > sharedIou || containment(other.box, track.box) > sharedContainment;
}

/** How many times larger the one area is than the other. */
function growth(track: Track, detection: Detection): number {
  const ratio = area(track.expected) / area(detection.box);
  return Math.max(ratio, 1 / ratio);
}

function isWithinReach(track: Track, detection: Detection): boolean {
  return track.surprise(detection.box) <= gate && (isCut(detection.box) || growth(track, detection) <= maxGrowth);
}

/** 0..1, where 1 and more means never. */
function costOf(track: Track, detection: Detection, isSure: boolean, mayLeap: boolean): number {
  if (track.kind !== kindOf(detection.class)) return 1;
  const overlap = iou(track.expected, detection.box);
  const confused = detection.class !== track.class;
  if (overlap < Math.max(isSure ? 0 : weakIou, confused ? confusedIou : 0)) return 1;
  const isPossible =
    overlap >= clearIou || (mayLeap && isWithinReach(track, detection)) || isSamePart(track.box, detection.box);
  if (!isPossible) return 1;
  const penalty =
    (confused ? confusedCost + scoreCost : scoreCost * (1 - detection.score)) +
    (track.confirmed ? 0 : unconfirmedCost) +
    heightCost * (1 - heightIou(track.expected, detection.box));
  return (1 - distanceIou(track.expected, detection.box, overlap, track.aspect)) / 2 + penalty;
}
