import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import { kindOf } from './classes.js';
import { area, containment, coveredShare, distanceIou, heightIou, iou, isCut } from './overlap.js';
import type { Track } from './track.js';

/** Two boxes that overlap this much show one object, if their classes may be confused. */
const sameObjectIou = 0.7;
/** Squared Mahalanobis distance, four standard deviations: further away it is not the same object. */
const gate = 16;
/** Neither is it when its area changed by more than this factor. */
const maxGrowth = 3;
/** The gate is for boxes that overlap less than this. */
const clearIou = 0.2;
/** A weak detection has to overlap this much, for noise is everywhere. */
const weakIou = 0.4;
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
/** No track begins with a piece at the picture's edge that is thinner than this, fraction of the picture. */
const sliver = 0.02;
/** Two boxes at the picture's edge show parts of one object, if that much of the smaller is in the larger. */
const partContainment = 0.7;
/** A new object that overlaps a known one this much is a second look at the known one. */
const duplicateIou = 0.5;
const duplicateContainment = 0.85;
/** A detection in a tile that has less of the area than this of what should be there shows a part of it. */
const wholeShare = 0.5;
/** A tile looks at what lies in it with so much around, fraction of its size. */
const tileMargin = 0.1;

/**
 * Detections of `floor` or more, best first, one for each object. The detector's suppression works class by class,
 * so a van comes as a car and as a truck in the same place.
 *
 * @param worth of a detection: the same score may be worth more of one class than of another
 */
export function onePerObject(
  detections: readonly Detection[],
  floor: number,
  worth: (detection: Detection) => number = ({ score }) => score,
): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of detections.filter(({ score }) => score >= floor).sort((a, b) => worth(b) - worth(a))) {
    const kind = kindOf(candidate.class);
    if (!kept.some((k) => kindOf(k.class) === kind && iou(k.box, candidate.box) > sameObjectIou)) kept.push(candidate);
  }
  return kept;
}

/** At the picture's edge so little of an object is seen that its box says nothing of the whole. */
export function isSliver(box: Box): boolean {
  return isCut(box) && (box[2] - box[0] < sliver || box[3] - box[1] < sliver);
}

/** Of a person who comes in a leg is seen first, and last of one who leaves: the box leaps, but one lies in the other. */
function isSamePart(before: Box, now: Box): boolean {
  return isCut(before) && isCut(now) && containment(before, now) > partContainment;
}

export function isDuplicate(known: Detection, candidate: Detection): boolean {
  if (kindOf(known.class) !== kindOf(candidate.class)) return false;
  return iou(known.box, candidate.box) > duplicateIou || containment(known.box, candidate.box) > duplicateContainment;
}

/**
 * Whether a look that does not show it says something of it: its place lies well within the tile, and what a tile has shown
 * may be too small for a look at the whole.
 */
export function isLookedAt({ expected, seenInTile }: Track, seams: Box | undefined): boolean {
  return seams === undefined ? !seenInTile : liesIn(expected, seams, tileMargin);
}

/** Whether a detection may show all of a track's object, and not just what of it lies in the tile. */
export function mayShowAll({ expected }: Track, { box }: Detection, seams: Box | undefined): boolean {
  return seams === undefined || liesIn(expected, seams, 0) || area(box) > wholeShare * area(expected);
}

/** Whether it lies in an object that is there, but was not looked at: a tile may show a car's front. */
export function isUnlookedPart(track: Track, { class: className, box }: Detection): boolean {
  if (track.seen || !track.present || track.kind !== kindOf(className)) return false;
  return iou(track.expected, box) > duplicateIou || coveredShare(box, track.expected) > duplicateContainment;
}

/** @param margin around the box, fraction of its size */
function liesIn([left, top, right, bottom]: Box, seams: Box, margin: number): boolean {
  const [x, y] = [margin * (right - left), margin * (bottom - top)];
  return left - x > seams[0] && top - y > seams[1] && right + x < seams[2] && bottom + y < seams[3];
}

/** Whether what is seen as `track`, which is not told, is seen as `other` already, which is told or more likely. */
export function isSameThing(other: Track, track: Track): boolean {
  if (other === track || !other.present) return false;
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
  return track.surprise(detection.box, gate) <= gate && (isCut(detection.box) || growth(track, detection) <= maxGrowth);
}

/** Of a detection of the track's kind. 0..1, where 1 and more means never. */
export function costOf(track: Track, detection: Detection, isSure: boolean, mayLeap: boolean): number {
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
