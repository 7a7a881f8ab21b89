import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import { Assignment } from './assign.js';
import { Background } from './background.js';
import { kindOf } from './classes.js';
import type { Calibration } from './evidence.js';
import {
  costOf,
  isDuplicate,
  isLookedAt,
  isSameThing,
  isSliver,
  isUnlookedPart,
  mayShowAll,
  onePerObject,
} from './matching.js';
import { coveredShare, iou } from './overlap.js';
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
  /** So many pictures, one after the other, show all of what is analysed, as a whole and by tiles. */
  looks?: number;
}

/** A detection with a lower score is no sign of anything. */
export const lowestScore = 0.25;
/** Two tracks whose boxes overlap this much show one object, whatever their classes: a person bent down is no dog. */
const samePlaceIou = 0.75;
/**
 * The gate of a track opens with time: one that was unseen for longer than this must overlap, seconds. An unconfirmed one
 * must at once, after the next picture: it may be a false alarm, and would leap to the first real object.
 */
const leapSeconds = 1;
/**
 * Weak detections alone hold a track for longer than the time of a lost one only where it was last surely seen, and this
 * is how much the boxes have to overlap: a parked car at night, but not the stain on the wall that somebody stood beside.
 */
const heldIou = 0.5;
/** What overlaps a told object this much is that object, even if the background is there. */
const toldIou = 0.3;
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
    this.#options = { unconfirmedLostSeconds: 0.35, lostSeconds: 2, stationaryLostSeconds: 10, looks: 1, ...options };
  }

  /** From the next picture on. */
  set calibration(calibration: Calibration) {
    this.#options.calibration = calibration;
  }

  /**
   * @param seconds when the picture was taken, on any clock that doesn't go back
   * @param seams sides of the tile that was looked at, if it was not the whole: what they cut must have been left out
   */
  step(detections: readonly Detection[], seconds: number, seams?: Box): void {
    const dt = this.#advance(seconds);
    this.#forget(seconds);
    for (const track of this.tracks) track.predict(dt);
    this.#cover();
    const { calibration } = this.#options;
    const objects = onePerObject(detections, lowestScore, (detection) => calibration.logOdds(detection));
    const candidates = this.#withoutBackground(objects, seconds);
    this.#associate(candidates, seconds, seams);
    this.#begin(candidates, seconds, seams);
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
      if (!track.present) continue;
      track.rest(seconds);
      track.blindBefore = this.#blind;
    }
    this.#forget(seconds);
  }

  /** A second look at the same picture would change nothing: what is told is seen, and nothing is about to be. */
  get settled(): boolean {
    return this.tracks.every(({ confirmed, present, evidence }) =>
      confirmed ? present : !(present && evidence.isPromising),
    );
  }

  /** Seconds in which each place is looked at in each way, smoothed. */
  get #round(): number {
    return this.#options.looks * this.#interval;
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
    if (!track.confirmed) return unseen > Math.max(unconfirmedLostSeconds, 2.5 * this.#round);
    if (seconds - track.lastSure > lostSeconds && iou(track.box, track.sureBox) < heldIou) return true;
    if (unseen <= gapSteps * this.#round) return false;
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
  #associate(detections: readonly Detection[], seconds: number, seams: Box | undefined): void {
    const { tracks } = this;
    const { calibration } = this.#options;
    const odds = detections.map((detection) => calibration.logOdds(detection));
    const kinds = detections.map((detection) => kindOf(detection.class));
    this.#taken.length = 0;
    this.#assignment.resize(tracks.length, detections.length);
    tracks.forEach((track, row) => {
      const mayLeap = seconds - track.lastSeen <= (track.confirmed ? leapSeconds : 1.5 * this.#round);
      detections.forEach((detection, column) => {
        const isPossible = track.kind === kinds[column] && mayShowAll(track, detection, seams);
        const cost = isPossible ? costOf(track, detection, (odds[column] ?? 0) >= 0, mayLeap) : 1;
        this.#assignment.set(row, column, cost);
      });
    });
    this.#assignment.solve(tracks.length, detections.length, 1).forEach((column, row) => {
      const detection = detections[column];
      const track = tracks[row];
      if (track === undefined) return;
      if (detection === undefined) {
        if (isLookedAt(track, seams)) track.miss();
        return;
      }
      track.see(detection, odds[column] ?? 0, seconds);
      track.seenInTile = seams !== undefined;
      track.blindBefore = this.#blind;
      this.#taken.push(detection);
    });
    for (const track of tracks) {
      if (track.seen) track.weigh(!track.confirmed && tracks.some((other) => isSameThing(other, track)));
    }
  }

  /** Begins tracks with the detections that continue none. */
  #begin(detections: readonly Detection[], seconds: number, seams: Box | undefined): void {
    for (const detection of detections) {
      if (this.#taken.includes(detection) || isSliver(detection.box)) continue;
      if (this.#taken.some((known) => isDuplicate(known, detection))) continue;
      if (this.tracks.some((track) => isUnlookedPart(track, detection))) continue;
      const { calibration, aspect } = this.#options;
      const track = new Track(detection, calibration.logOdds(detection), seconds, aspect);
      track.blindBefore = this.#blind;
      track.seenInTile = seams !== undefined;
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
    return this.tracks.some((other) => other.confirmed && other.present && iou(other.box, track.box) > samePlaceIou);
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
      if (!other.confirmed || other.present) continue;
      if (sameKind ? track.firstSeen <= other.lastSeen : track.lastSeen - other.lastSeen > gapSteps * this.#round)
        continue;
      const overlap = Math.max(iou(other.expected, track.box), iou(other.box, track.box));
      if (overlap <= Math.max(most, sameKind ? adoptIou : samePlaceIou)) continue;
      twin = other;
      most = overlap;
    }
    return twin;
  }
}
