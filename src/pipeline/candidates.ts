import type { Detection } from '../contract/detection.js';
import type { ExplainedCandidate, UntoldReason } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type { Size } from './capture/input-size.js';
import { round, roundBox } from './rounding.js';
import { kindOf } from './track/classes.js';
import { iou } from './track/overlap.js';
import type { Track } from './track/track.js';
import { lowestScore, type Tracker } from './track/tracker.js';

/** A detection with a lower score is not remembered. */
export const lowestRemembered = 0.1;
/** A detection goes on from its track's candidate, or one that it overlaps this much, if that was seen within so many seconds. */
const sameIou = 0.4;
const sameSeconds = 2;
/** So many candidates are remembered, for so long, seconds. */
const maxCandidates = 400;
const maxSeconds = 3600;
const maxScores = 32;
/** At most so many are answered with. */
const maxAnswers = 100;
/** What is smaller than this in the network's input, pixels of its longer side, covers too few cells of its finest map. */
const leastPixels = 16;
/** Somebody who points at an object misses it by so much, fraction of the picture. */
const aim = 0.03;
/** Fewer looks than this are no track, whatever their scores. */
const leastLooks = 3;
/** Pictures that are further apart than this are too few, seconds. */
const slowSeconds = 0.5;

interface Candidate {
  class: string;
  kind: string;
  box: Box;
  first: number;
  last: number;
  pictures: number;
  sum: number;
  best: number;
  /** Every so manieth score is kept in `scores`. */
  every: number;
  scores: number[];
  /** Pictures meanwhile that the motion gate kept from the network. */
  still: number;
  /** Longer side in the network's input, pixels; the most so far. */
  pixels: number;
  /** The track that it belongs to, and its odds when they were last known. */
  logOdds: number | undefined;
  reach: number;
  /** Id of the track that it was told as. */
  told: string | undefined;
  /** Id of the told object that was seen in the same place. */
  taken: string | undefined;
  background: boolean;
}

/** What is asked of the rest of the scene. */
export interface CandidateContext {
  tracker: Tracker;
  /** So many pictures, one after the other, show all of what is analysed, as a whole and by tiles. */
  looks: number;
  /** The id that a track was told as. */
  idOf: (track: Track) => string | undefined;
  isWanted: (className: string) => boolean;
  /** The mask that it stands in. */
  maskOf: (seen: Pick<Detection, 'class' | 'box'>) => string | undefined;
}

/** What the network took for objects in the last minutes, told or not: a bounded memory, for whoever asks why. */
export class CandidateMemory {
  looks = 0;
  still = 0;
  #candidates: Candidate[] = [];
  /** Those of them that a detection may go on from. */
  #recent: Candidate[] = [];
  /** Those of them that a track goes on from. */
  #ofTrack = new WeakMap<Track, Candidate>();
  /** Pixels of the network's input that a whole picture covers, at the finest of the last looks. */
  #input: Size | undefined;
  #inputs: Size[] = [];
  #interval = 0;
  #last: number | undefined;

  constructor(private readonly context: CandidateContext) {}

  /**
   * After the tracker's step.
   *
   * @param input pixels of the network's input that a whole picture covers, or would
   */
  observe(detections: readonly Detection[], input: Size | undefined, seconds: number): void {
    this.looks += 1;
    if (input !== undefined) this.#inputs = [input, ...this.#inputs].slice(0, this.context.looks);
    this.#input = this.#inputs.reduce((a, b) => (b.width > a.width ? b : a), this.#inputs[0] as Size);
    if (this.#last !== undefined) this.#interval = this.context.looks * (seconds - this.#last);
    this.#last = seconds;
    this.#recent = this.#recent.filter(({ last }) => seconds - last <= sameSeconds);
    const recent = this.#recent;
    const before = byKind(recent);
    const trackOf = new Map(this.context.tracker.tracks.filter(({ seen }) => seen).map((track) => [track.box, track]));
    for (const detection of detections) {
      if (detection.score >= lowestRemembered) this.#add(detection, trackOf.get(detection.box), before, seconds);
    }
    for (const candidate of recent)
      if (candidate.last === seconds && candidate.told === undefined) this.#follow(candidate);
    if (this.#candidates.length <= maxCandidates) return;
    const young = this.#candidates.filter(({ last }) => seconds - last <= maxSeconds);
    this.#candidates = mostTelling(young, maxCandidates / 2, this.context.isWanted);
    const kept = new Set(this.#candidates);
    this.#recent = recent.filter((candidate) => kept.has(candidate));
    this.#ofTrack = new WeakMap();
  }

  /** A picture in which nothing has changed, so that the network did not look at it. */
  rest(seconds: number): void {
    this.still += 1;
    for (const candidate of this.#recent) if (seconds - candidate.last <= sameSeconds) candidate.still += 1;
  }

  /**
   * @param from seconds on the clock of the pictures
   * @param isoOf that clock's time as UTC
   * @param place what was seen there alone, the nearest first; without one the newest come first
   */
  explain(from: number, isoOf: (seconds: number) => string, place?: Point): ExplainedCandidate[] {
    const asked = this.#candidates.filter(({ last }) => last >= from).sort((a, b) => b.last - a.last);
    const there = seenAt(place, asked);
    const answered = new Set(mostTelling(there, maxAnswers, this.context.isWanted));
    return there
      .filter((candidate) => answered.has(candidate))
      .map((candidate) => {
        const [reason, detail] = this.#reason(candidate);
        return {
          class: candidate.class,
          box: roundBox(candidate.box),
          firstAt: isoOf(candidate.first),
          lastAt: isoOf(candidate.last),
          pictures: candidate.pictures,
          bestScore: round(candidate.best, 3),
          meanScore: round(candidate.sum / candidate.pictures, 3),
          scores: candidate.scores.slice(),
          track: candidate.told ?? null,
          reason,
          detail,
        };
      });
  }

  /**
   * @param track that it is part of
   * @param before the recent ones of the pictures before, by kind
   */
  #add(
    { class: name, score, box }: Detection,
    track: Track | undefined,
    before: ReadonlyMap<string, readonly Candidate[]>,
    seconds: number,
  ): void {
    const kind = kindOf(name);
    const ofTrack = track && this.#ofTrack.get(track);
    const goesOn = ofTrack?.kind === kind && ofTrack.last < seconds && seconds - ofTrack.last <= sameSeconds;
    let candidate = goesOn ? ofTrack : nearest(box, before.get(kind) ?? [], seconds);
    if (candidate === undefined) {
      candidate = {
        class: name,
        kind,
        box,
        first: seconds,
        last: seconds,
        pictures: 0,
        sum: 0,
        best: 0,
        every: 1,
        scores: [],
        still: 0,
        pixels: 0,
        logOdds: undefined,
        reach: 0,
        told: undefined,
        taken: undefined,
        background: false,
      };
      this.#candidates.push(candidate);
      this.#recent.push(candidate);
    }
    if (track !== undefined) this.#ofTrack.set(track, candidate);
    if (score > candidate.best) candidate.class = name;
    candidate.box = box;
    candidate.last = seconds;
    if (candidate.pictures % candidate.every === 0) candidate.scores.push(round(score, 2));
    if (candidate.scores.length > maxScores) {
      candidate.scores = candidate.scores.filter((_, i) => i % 2 === 0);
      candidate.every *= 2;
    }
    candidate.pictures += 1;
    candidate.sum += score;
    candidate.best = Math.max(candidate.best, score);
    if (this.#input === undefined) return;
    const { width, height } = this.#input;
    candidate.pixels = Math.max(candidate.pixels, (box[2] - box[0]) * width, (box[3] - box[1]) * height);
  }

  /** Takes from the tracker what has become of it. Of one that is told nothing else is asked. */
  #follow(candidate: Candidate): void {
    const { tracker, idOf } = this.context;
    candidate.background ||= tracker.background.find(candidate.kind, candidate.box) !== undefined;
    for (const track of tracker.tracks) {
      if (!track.seen) continue;
      const overlap = iou(track.box, candidate.box);
      if (overlap < sameIou) continue;
      const id = idOf(track);
      if (track.kind === candidate.kind && overlap > 0.9) {
        candidate.told ??= id;
        candidate.logOdds = track.evidence.logOdds;
        candidate.reach = track.evidence.reach;
      } else if (id !== undefined) candidate.taken = id;
    }
  }

  #reason(candidate: Candidate): [UntoldReason | null, string] {
    const { best, pictures, logOdds, pixels, still, reach } = candidate;
    if (candidate.told !== undefined) return [null, `told as track ${candidate.told}`];
    if (!this.context.isWanted(candidate.class)) {
      return ['class', `${candidate.class} is not among the camera's classes`];
    }
    const mask = this.context.maskOf(candidate);
    if (mask !== undefined) return ['mask', `it stands in the mask ${mask}, where nothing is told`];
    if (candidate.background) {
      return [
        'background',
        'it stands where something has always looked like this and never moved; see clearBackground',
      ];
    }
    if (this.#input !== undefined && pixels < leastPixels) return ['too-small', this.#tooSmall(pixels)];
    if (best < lowestScore) return ['score', `its best score is ${round(best, 2)}; a track begins at ${lowestScore}`];
    if (candidate.taken !== undefined) return ['same-object', `track ${candidate.taken} is told in its place`];
    if (pictures < leastLooks && still > 0) {
      return ['motion-gate', `seen in ${pictures} pictures; in ${still} more nothing moved, so nobody looked again`];
    }
    if (pictures < leastLooks && this.#interval > slowSeconds) {
      return ['rate', `seen in ${pictures} pictures, ${round(this.#interval, 1)} s apart; it takes ${leastLooks}`];
    }
    const mean = round(candidate.sum / pictures, 2);
    const sure = logOdds === undefined ? 'it made no track' : `${round(100 / (1 + Math.exp(-logOdds)), 0)} % sure`;
    const moved = reach < 0.4 ? 'it did not move' : `it moved ${round(reach, 1)} times its size`;
    return [
      'evidence',
      `${sure}, 95 % are needed, or 85 % for three seconds: seen in ${pictures} pictures, mean score ${mean}, and ${moved}`,
    ];
  }

  #tooSmall(pixels: number): string {
    const { width, height } = this.#input as Size;
    const factor = leastPixels / pixels;
    const grown = (side: number) => Math.ceil((side * factor) / 32) * 32;
    const size = `${round(pixels, 0)} pixels of the network's input (${round(width, 0)}x${round(height, 0)})`;
    return `at most ${size}; an input of ${grown(width)}x${grown(height)} would show ${leastPixels}, and so would a region around it`;
  }
}

/** Those around a place of the picture, the nearest centre first; all of them, as they are, without a place. */
export function seenAt<Seen extends { box: Box }>(place: Point | undefined, all: readonly Seen[]): readonly Seen[] {
  if (place === undefined) return all;
  const [x, y] = place;
  const isThere = ({ box: [left, top, right, bottom] }: Seen) =>
    x >= left - aim && x <= right + aim && y >= top - aim && y <= bottom + aim;
  const distance = ({ box: [left, top, right, bottom] }: Seen) =>
    Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
  return all.filter(isThere).sort((a, b) => distance(a) - distance(b));
}

function byKind(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const kinds = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const others = kinds.get(candidate.kind);
    if (others === undefined) kinds.set(candidate.kind, [candidate]);
    else others.push(candidate);
  }
  return kinds;
}

/** The one that a box goes on from, of those of its kind that were not seen in this picture yet. */
function nearest(box: Box, candidates: readonly Candidate[], seconds: number): Candidate | undefined {
  const [left, top, right, bottom] = box;
  let best: Candidate | undefined;
  let most = sameIou;
  for (const known of candidates) {
    const other = known.box;
    // Most lie elsewhere, and a thousand pairs are compared for each picture.
    if (other[0] >= right || other[2] <= left || other[1] >= bottom || other[3] <= top) continue;
    const overlap = known.last < seconds ? iou(other, box) : 0;
    if (overlap < most) continue;
    best = known;
    most = overlap;
  }
  return best;
}

/**
 * Those with the best scores, as noise at .1 is everywhere, in turn from each of these groups, as none of them may crowd out
 * the others: untold objects of wanted classes, told ones, and those of classes that are not wanted.
 */
function mostTelling(
  candidates: readonly Candidate[],
  count: number,
  isWanted: CandidateContext['isWanted'],
): Candidate[] {
  if (candidates.length <= count) return candidates.slice();
  const groups: [Candidate[], Candidate[], Candidate[]] = [[], [], []];
  for (const candidate of candidates.toSorted((a, b) => b.best - a.best)) {
    groups[candidate.told !== undefined ? 1 : isWanted(candidate.class) ? 0 : 2].push(candidate);
  }
  return candidates.flatMap((_, rank) => groups.flatMap((group) => group[rank] ?? [])).slice(0, count);
}
