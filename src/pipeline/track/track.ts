import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import { ClassVote, kindOf, partsMislead, topSpeed } from './classes.js';
import { Evidence, probability } from './evidence.js';
import { BoxFilter } from './kalman.js';
import { area, clip } from './overlap.js';

/** An object that stays this near to one place … (in its own sizes) */
const stayRadius = 0.15;
/** … for this long is stationary, seconds. */
const staySeconds = 3;
/** It moves again when it is this far away … (in its own sizes; more than a half-covered box can shift) */
const leaveRadius = 0.35;
/** … for this long, seconds … */
const leaveSeconds = 0.4;
/** … or as soon as it is this far away. */
const farRadius = 0.7;

/** Less of its box than this inside the picture: it has left. */
const leftPicture = 0.3;

/** One object, followed from picture to picture. Times in seconds on the clock that the tracker is given. */
export class Track {
  confirmed = false;
  /** In the newest picture. */
  seen = true;
  /** In the newest picture that looked at its place. */
  present = true;
  /** When it was last seen, a tile was looked at. */
  seenInTile = false;
  readonly evidence: Evidence;
  readonly firstSeen: number;
  lastSeen: number;
  /** Seconds without pictures that the tracker had counted by then. */
  blindBefore = 0;
  /** When it was last seen by a detection that is more likely right than not, or moved on. */
  lastSure: number;
  /** Where it was last seen by a detection that is more likely right than not. */
  sureBox: Box;
  /** Of the newest detection. */
  score: number;
  bestScore: number;
  box: Box;
  /** Set of classes that it may be one of; another, once it goes on as a track that is. */
  kind: string;
  /** The one that most of its detections say. */
  class: string;
  readonly votes = new ClassVote();
  /** Where it is, smoothed, or expected in a picture that doesn't show it; cut at the picture's edges. */
  readonly expected: Box = [0, 0, 0, 0];
  /** Expected to be outside the picture, or nearly. */
  outside = false;
  /** How much of where it is expected lies behind another object, 0..1. */
  covered = 0;
  #filter: BoxFilter;
  #logOdds: number;
  #stillness: Stillness;

  constructor(
    detection: Detection,
    /** Of being right, of this detection. */
    logOdds: number,
    seconds: number,
    /** Of the picture, width / height. */
    readonly aspect: number,
  ) {
    this.firstSeen = seconds;
    this.lastSeen = this.lastSure = seconds;
    this.score = detection.score;
    this.bestScore = detection.score;
    this.box = this.sureBox = detection.box;
    this.kind = kindOf(detection.class);
    this.class = detection.class;
    this.evidence = new Evidence(partsMislead(detection.class), aspect);
    this.votes.add(detection.class, probability(logOdds));
    this.#filter = new BoxFilter(detection.box, aspect, topSpeed(detection.class));
    this.#stillness = new Stillness(this.#filter.x, this.#filter.y / aspect, seconds);
    clip(this.#filter.boxInto(this.expected));
    this.#logOdds = logOdds;
    this.weigh(false);
  }

  /** Present, by a detection that is more likely right than not. */
  get sure(): boolean {
    return this.present && this.#logOdds >= 0;
  }

  get stationary(): boolean {
    return this.#stillness.stationary;
  }

  /** Stationary, and in its place when last seen. */
  get atRest(): boolean {
    return this.#stillness.atRest;
  }

  /** Picture widths a second, smoothed. */
  get speed(): number {
    return this.stationary ? 0 : this.#filter.speed;
  }

  /** Geometric mean of width and height, in picture widths. */
  get size(): number {
    return this.#filter.size;
  }

  /** Smoothed middle of the lower edge, fraction of the picture's width. */
  get footX(): number {
    return (this.expected[0] + this.expected[2]) / 2;
  }

  /** Smoothed middle of the lower edge, fraction of the picture's height. */
  get footY(): number {
    return this.expected[3];
  }

  /** @param dt seconds since the last picture */
  predict(dt: number): void {
    if (this.atRest) this.#filter.halt();
    this.#filter.predict(dt);
    this.seen = false;
    this.#expect();
  }

  /** Squared Mahalanobis distance between where it is expected and `box`. @param most of interest */
  surprise(box: Box, most?: number): number {
    return this.#filter.surprise(box, most);
  }

  /** @param logOdds of being right, of this detection */
  see(detection: Detection, logOdds: number, seconds: number): void {
    this.#filter.correct(detection.box, detection.score, this.covered);
    this.#stillness.update(this.#filter.x, this.#filter.y / this.aspect, this.#filter.size, seconds);
    this.votes.add(detection.class, probability(logOdds));
    this.class = this.votes.winner(this.class) ?? this.class;
    this.seen = this.present = true;
    this.lastSeen = seconds;
    this.score = detection.score;
    this.bestScore = Math.max(this.bestScore, detection.score);
    this.box = detection.box;
    this.#logOdds = logOdds;
    this.#expect();
  }

  /** Takes the newest detection for evidence. @param isOther whether it shows another track's object */
  weigh(isOther: boolean): void {
    const { x, y, size } = this.#filter;
    const moved = this.evidence.see(isOther ? undefined : this.#logOdds, this.box, x, y / this.aspect, size);
    if (this.#logOdds >= 0 || moved) this.lastSure = this.lastSeen;
    if (this.#logOdds >= 0) this.sureBox = this.box;
  }

  /** A picture that looked at its place did not show it. */
  miss(): void {
    this.present = false;
    this.evidence.miss();
  }

  /** Time passes in which nothing moves. Nothing is learnt: that is no further detection. */
  rest(seconds: number): void {
    this.seen = true;
    if (this.lastSure === this.lastSeen) this.lastSure = seconds;
    this.lastSeen = seconds;
    this.#filter.halt();
    this.#stillness.update(this.#filter.x, this.#filter.y / this.aspect, this.#filter.size, seconds);
  }

  /** Goes on as `other`, which turned out to be the same object. */
  become(other: Track): void {
    this.#filter = other.#filter;
    this.#stillness = other.#stillness;
    this.kind = other.kind;
    this.votes.addAll(other.votes);
    this.seen = other.seen;
    this.present = other.present;
    this.seenInTile = other.seenInTile;
    this.#logOdds = other.#logOdds;
    this.lastSeen = other.lastSeen;
    this.blindBefore = other.blindBefore;
    this.lastSure = other.lastSure;
    this.sureBox = other.sureBox;
    this.score = other.score;
    this.bestScore = Math.max(this.bestScore, other.bestScore);
    this.box = other.box;
    this.#expect();
  }

  #expect(): void {
    const whole = area(this.#filter.boxInto(this.expected));
    this.outside = area(clip(this.expected)) < leftPicture * whole;
  }
}

/**
 * Whether an object stands still. Judged by where it is and not by its speed, since the speed of a parked car is
 * the jitter of its box. Two radii and two times keep it from flickering.
 */
export class Stillness {
  stationary = false;
  #x: number;
  #y: number;
  #since: number;
  #awaySince: number | undefined;

  /** Place in picture widths, time in seconds. */
  constructor(x: number, y: number, seconds: number) {
    this.#x = x;
    this.#y = y;
    this.#since = seconds;
  }

  /** Stationary, and in its place when last seen; not about to leave it. */
  get atRest(): boolean {
    return this.stationary && this.#awaySince === undefined;
  }

  update(x: number, y: number, size: number, seconds: number): void {
    const distance = Math.hypot(x - this.#x, y - this.#y) / size;
    if (distance <= (this.stationary ? leaveRadius : stayRadius)) {
      this.#awaySince = undefined;
      this.stationary ||= seconds - this.#since >= staySeconds;
      return;
    }
    this.#awaySince ??= seconds;
    const leaving = distance > farRadius || seconds - this.#awaySince >= leaveSeconds;
    if (this.stationary && !leaving) return;
    this.stationary = false;
    this.#awaySince = undefined;
    this.#x = x;
    this.#y = y;
    this.#since = seconds;
  }
}
