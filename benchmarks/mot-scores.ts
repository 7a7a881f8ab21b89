import { Assignment } from '../src/pipeline/track/assign.js';
import { iou } from '../src/pipeline/track/overlap.js';

type Box = readonly [number, number, number, number];

/** A box of one object or track in one picture; left, top, right, bottom in fractions of the picture. */
export interface Marked {
  id: string;
  /** Boxes of different kinds never match. */
  kind: string;
  box: Box;
  /** Of the truth: whoever follows it is neither right nor wrong, since it is too small or hidden. */
  ignored?: boolean;
}

/** The pictures of one clip: what is there, and what a tracker says is. */
export interface Sequence {
  truth: readonly Marked[];
  tracks: readonly Marked[];
}

export interface MotScores {
  /** Higher order tracking accuracy, mean over IoU thresholds of .05 to .95 (Luiten et al. 2021), and its two parts. 0..1. */
  hota: number;
  detA: number;
  assA: number;
  /** At an IoU of .5 (Ristani et al. 2016). 0..1. */
  idf1: number;
  /** At an IoU of .5 (Bernardin and Stiefelhagen 2008). */
  switches: number;
  recall: number;
  precision: number;
}

const thresholds = Array.from({ length: 19 }, (_, i) => 0.05 * (i + 1));
const clearIou = 0.5;
/** Far below any threshold's step, for what is .05 times 10 in floating point. */
const epsilon = 1e-9;

/**
 * Scores a tracker over several clips by the definitions of TrackEval (its `HOTA`, `Identity` and `CLEAR`); counts are
 * summed over the clips, as its COMBINED_SEQ does.
 */
export function scoreTracks(clips: readonly (readonly Sequence[])[]): MotScores {
  const hota = new HotaCounts();
  let idTruePositives = 0;
  let [truths, tracked, matched, switches] = [0, 0, 0, 0];
  for (const clip of clips) {
    const pictures = clip.map(withoutIgnored);
    hota.add(pictures);
    idTruePositives += identityMatches(pictures);
    const clear = clearMatches(pictures);
    matched += clear.matched;
    switches += clear.switches;
    for (const { truth, tracks } of pictures) {
      truths += truth.length;
      tracked += tracks.length;
    }
  }
  return {
    ...hota.scores(),
    idf1: (2 * idTruePositives) / Math.max(1, truths + tracked),
    switches,
    recall: matched / Math.max(1, truths),
    precision: matched / Math.max(1, tracked),
  };
}

function similarity(a: Marked, b: Marked): number {
  return a.kind === b.kind ? iou([...a.box], [...b.box]) : 0;
}

/** Pairs of rows and columns with the greatest sum of values; a value of 0 is no pair. */
function bestPairs(rows: number, columns: number, value: (row: number, column: number) => number): [number, number][] {
  const values = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => value(i, j)));
  const most = Math.max(0, ...values.map((row) => Math.max(0, ...row)));
  const assignment = new Assignment();
  assignment.resize(rows, columns);
  for (const [i, row] of values.entries()) for (const [j, v] of row.entries()) assignment.set(i, j, most - v);
  const pairs: [number, number][] = [];
  assignment.solve(rows, columns, most).forEach((column, row) => {
    if (column >= 0) pairs.push([row, column]);
  });
  return pairs;
}

function withoutIgnored({ truth, tracks }: Sequence): Sequence {
  if (!truth.some(({ ignored }) => ignored)) return { truth, tracks };
  const at = (i: number, j: number) => similarity(truth[i] as Marked, tracks[j] as Marked);
  const following = new Set(
    bestPairs(truth.length, tracks.length, (i, j) => (at(i, j) >= clearIou ? at(i, j) : 0))
      .filter(([i]) => truth[i]?.ignored)
      .map(([, j]) => tracks[j]),
  );
  return { truth: truth.filter(({ ignored }) => !ignored), tracks: tracks.filter((track) => !following.has(track)) };
}

/** Counts by pair of an object and a track. */
class PairCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  add(truth: string, track: string, count = 1): void {
    const row = this.#counts.get(truth) ?? new Map<string, number>();
    this.#counts.set(truth, row);
    row.set(track, (row.get(track) ?? 0) + count);
  }

  of(truth: string, track: string): number {
    return this.#counts.get(truth)?.get(track) ?? 0;
  }

  *entries(): Generator<[string, string, number]> {
    for (const [truth, row] of this.#counts) for (const [track, count] of row) yield [truth, track, count];
  }
}

function countIds(pictures: readonly Sequence[], of: (picture: Sequence) => readonly Marked[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const picture of pictures) for (const { id } of of(picture)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

class HotaCounts {
  readonly #truePositives = thresholds.map(() => 0);
  /** Sum of the association accuracies of all true positives. */
  readonly #associations = thresholds.map(() => 0);
  #truths = 0;
  #tracked = 0;

  add(pictures: readonly Sequence[]): void {
    const truths = countIds(pictures, ({ truth }) => truth);
    const tracks = countIds(pictures, ({ tracks }) => tracks);
    for (const count of truths.values()) this.#truths += count;
    for (const count of tracks.values()) this.#tracked += count;
    const shared = sharedLooks(pictures);
    const alignment = (truth: string, track: string) => {
      const both = shared.of(truth, track);
      return both / ((truths.get(truth) ?? 0) + (tracks.get(track) ?? 0) - both);
    };
    const matches = thresholds.map(() => new PairCounts());
    for (const { truth, tracks: seen } of pictures) {
      const at = (i: number, j: number) => similarity(truth[i] as Marked, seen[j] as Marked);
      const value = (i: number, j: number) => alignment(truth[i]?.id ?? '', seen[j]?.id ?? '') * at(i, j);
      for (const [i, j] of bestPairs(truth.length, seen.length, value)) {
        thresholds.forEach((threshold, k) => {
          if (at(i, j) < threshold - epsilon) return;
          matches[k]?.add(truth[i]?.id ?? '', seen[j]?.id ?? '');
        });
      }
    }
    for (const [k, counts] of matches.entries()) {
      for (const [truth, track, count] of counts.entries()) {
        const accuracy = count / ((truths.get(truth) ?? 0) + (tracks.get(track) ?? 0) - count);
        this.#truePositives[k] = (this.#truePositives[k] ?? 0) + count;
        this.#associations[k] = (this.#associations[k] ?? 0) + count * accuracy;
      }
    }
  }

  scores(): Pick<MotScores, 'hota' | 'detA' | 'assA'> {
    const detections = this.#truePositives.map((both) => both / Math.max(1, this.#truths + this.#tracked - both));
    const associations = this.#associations.map((total, k) => total / Math.max(1, this.#truePositives[k] ?? 0));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      hota: mean(detections.map((detection, k) => Math.sqrt(detection * (associations[k] ?? 0)))),
      detA: mean(detections),
      assA: mean(associations),
    };
  }
}

/** How much each object and each track share of each other, over the clip: each picture counts one at most. */
function sharedLooks(pictures: readonly Sequence[]): PairCounts {
  const shared = new PairCounts();
  for (const { truth, tracks } of pictures) {
    const values = truth.map((object) => tracks.map((track) => similarity(object, track)));
    const ofTruth = values.map((row) => row.reduce((sum, value) => sum + value, 0));
    const ofTrack = tracks.map((_, j) => values.reduce((sum, row) => sum + (row[j] ?? 0), 0));
    for (const [i, row] of values.entries()) {
      for (const [j, value] of row.entries()) {
        if (value === 0) continue;
        const share = value / ((ofTruth[i] ?? 0) + (ofTrack[j] ?? 0) - value);
        shared.add(truth[i]?.id ?? '', tracks[j]?.id ?? '', share);
      }
    }
  }
  return shared;
}

/** Boxes that are right where each object may be one track for the whole clip, and each track one object. */
function identityMatches(pictures: readonly Sequence[]): number {
  const both = new PairCounts();
  for (const { truth, tracks } of pictures)
    for (const object of truth)
      for (const track of tracks) if (similarity(object, track) >= clearIou) both.add(object.id, track.id);
  const truths = [...countIds(pictures, ({ truth }) => truth).keys()];
  const tracks = [...countIds(pictures, ({ tracks }) => tracks).keys()];
  const of = (i: number, j: number) => both.of(truths[i] ?? '', tracks[j] ?? '');
  return bestPairs(truths.length, tracks.length, of).reduce((sum, [i, j]) => sum + of(i, j), 0);
}

function clearMatches(pictures: readonly Sequence[]): { matched: number; switches: number } {
  /** The track that each object was matched with last, and in the picture before. */
  const last = new Map<string, string>();
  let before = new Map<string, string>();
  let [matched, switches] = [0, 0];
  for (const { truth, tracks } of pictures) {
    const now = new Map<string, string>();
    const pairs = bestPairs(truth.length, tracks.length, (i, j) => {
      const overlap = similarity(truth[i] as Marked, tracks[j] as Marked);
      if (overlap < clearIou) return 0;
      return overlap + (before.get(truth[i]?.id ?? '') === tracks[j]?.id ? 1000 : 0);
    });
    for (const [i, j] of pairs) {
      const [object, track] = [truth[i]?.id ?? '', tracks[j]?.id ?? ''];
      if ((last.get(object) ?? track) !== track) switches += 1;
      last.set(object, track);
      now.set(object, track);
    }
    matched += pairs.length;
    before = now;
  }
  return { matched, switches };
}
