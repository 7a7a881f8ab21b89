import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelCard } from '../../contract/model-card.js';
import { area, atEdge, containment } from './overlap.js';

/** Of a class that the card says nothing of: ours have temperatures of .39 to .56 … */
const usualTemperature = 0.42;
/** … and at their `minScore` four of five detections are right. */
const usualPrecision = 0.8;

/**
 * Scores as log-odds of being right, logit(score) / temperature + bias (Platt 1999), with the card's numbers for each
 * class. A card without them says with its `minScore` alone what four of five are right at.
 */
export class Calibration {
  /** No track is told whose best score is lower; 0..1. */
  readonly leastBestScore: number;
  /** Log-odds of the score. */
  readonly #shift: number;

  /**
   * @param minScore in place of the card's: nothing is told whose best score is lower, and with a higher one every score
   * is worth less, as if it were lower itself
   */
  constructor(
    private readonly model: Pick<ModelCard, 'minScore' | 'calibration'>,
    minScore?: number,
  ) {
    this.leastBestScore = minScore ?? 0;
    this.#shift = minScore === undefined ? 0 : logit(minScore) - logit(model.minScore);
  }

  /** Whether a detection is sure by itself. */
  isSure(detection: Detection): boolean {
    return this.logOdds(detection) >= sure;
  }

  logOdds({ class: className, score }: Detection): number {
    const known = this.model.calibration?.[className];
    const temperature = known?.temperature ?? usualTemperature;
    const bias = known?.bias ?? logit(usualPrecision) - logit(this.model.minScore) / temperature;
    return (logit(score) - this.#shift) / temperature + bias;
  }
}

/** Log-odds, of a probability kept away from 0 and 1. */
function logit(probability: number): number {
  const p = Math.min(0.999, Math.max(0.001, probability));
  return Math.log(p / (1 - p));
}

export function probability(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/** Log-odds from which on a track is told: 19 of 20 are right. */
const sure = logit(0.95);
/** Of a detection that nothing else is known of: one of four from a score of .25 on is right. */
const prior = logit(0.25);
/** A picture that doesn't show the object where it should be, against it, log-odds. */
const missed = -0.6;
/** So many looks, one after the other, count as one independent look: fewer may be a picture's noise. */
const firstLooks = 3;
/** A further look is independent of the earlier ones once the object has moved this far, in its own sizes. */
const independentMove = 0.4;
/** That something is found again where its motion says is evidence too, log-odds for each independent look … */
const coherence = 0.5;
/** … and no single look says more than this, log-odds: some mistakes are made with high scores. */
const mostPerLook = 2;
/** Log-odds from which on a track is told that has been looked at for long: 17 of 20 are right. */
const likely = logit(0.85);
/** What the upper or lower edge cuts of a person or an animal may be a part of something else. Log-odds. */
const cutPenalty = 1;
/** How far a box's end may be from where it should be, fraction of its length. */
const edgeError = 0.08;
/** And its motion counts for less. */
const cutMove = 0.5;
/** A box that lies so much in the one before and has so many times less area shows a part of what that showed. */
const partContainment = 0.8;
const partRatio = 1.5;
/** What comes in over a side walks in if it is at least so tall for its width: an arm over a table is not. */
const uprightRatio = 1;

/**
 * Whether there is an object, by the sum of log-likelihood ratios of independent looks at it (Sittler 1964; Blackman and
 * Popoli 1999, § 6.2). Looks at one thing in one place are not independent: what a network takes for a dog in one
 * picture it takes for a dog in the next. So all looks from one place together, averaged, are one look, and only what
 * moves gives further ones: in another place, before another background, a false alarm is not repeated.
 */
export class Evidence {
  #looks = 0;
  #sum = 0;
  /** Of the looks that its motion has made independent. */
  #moved = 0;
  readonly #across = new Displacement();
  readonly #down = new Displacement();
  /** When it was first seen, or last seen cut. */
  #size = 0;
  #reach = 0;
  /** Of the last look. */
  #box: Box | undefined;
  /** For so many looks what it does is no motion. */
  #unlike = 0;
  /** What the picture's edges cut of it in the last look. */
  #sides: Cut = 'whole';
  #ends: Cut = 'whole';

  /**
   * @param partsMislead whether a part of such an object may look like a whole one
   * @param aspect of the picture, width / height
   */
  constructor(
    private readonly partsMislead: boolean,
    private readonly aspect: number,
  ) {}

  /** Log-odds that it is an object. */
  get logOdds(): number {
    return prior + Math.min(1, this.#looks / firstLooks) * (this.#sum / Math.max(1, this.#looks)) + this.#moved;
  }

  get isSure(): boolean {
    return this.#looks >= firstLooks && this.logOdds >= sure;
  }

  /** Whether more looks at the same picture would make it sure. */
  get isPromising(): boolean {
    return this.#looks > 0 && this.#looks < firstLooks && prior + this.#sum / this.#looks + this.#moved >= sure;
  }

  /** Enough for one that has been looked at for long. */
  get isLikely(): boolean {
    return this.#looks >= 2 * firstLooks && this.logOdds >= likely;
  }

  /** How far it has come from where it was first seen, in its own sizes. */
  get reach(): number {
    return this.#reach;
  }

  /** Pictures that it was seen in, or should have been. */
  get looks(): number {
    return this.#looks;
  }

  /**
   * @param logOdds of the detection, calibrated; undefined if it says nothing of this object
   * @param x smoothed centre, picture widths, and so is y
   * @param size of the object, picture widths
   * @returns whether it is further away from where it was first seen than ever
   */
  see(logOdds: number | undefined, box: Box, x: number, y: number, size: number): boolean {
    const [left, top, right, bottom] = box;
    const sides = cutOf(left, right, this.#sides);
    const ends = cutOf(top, bottom, this.#ends);
    [this.#sides, this.#ends] = [sides, ends];
    const isPart = this.partsMislead && ends !== 'whole';
    const ratio = logOdds === undefined ? undefined : logOdds - prior - (isPart ? cutPenalty : 0);
    if (ratio !== undefined) {
      this.#looks += 1;
      this.#sum += ratio;
    }
    if (this.partsMislead && this.#shrank(box)) {
      this.#across.stay();
      this.#down.stay();
    }
    // What comes in over an edge moves as the side that is inside does. A part that grows may be no more than that.
    const isUpright = (bottom - top) / this.aspect >= uprightRatio * (right - left);
    const dx = this.#across.to(sides, left, right, x, !this.partsMislead || (isUpright && !isPart));
    const dy = this.#down.to(ends, top / this.aspect, bottom / this.aspect, y, !this.partsMislead);
    if (this.#unlike > 0 || this.#size === 0 || sides !== 'whole' || ends !== 'whole') this.#size = size;
    const reach = Math.hypot(dx / size, dy / size, Math.log(size / this.#size));
    if (reach <= this.#reach) return false;
    const looks = Math.min(1, (reach - this.#reach) / independentMove) * (isPart ? cutMove : 1);
    this.#reach = reach;
    if (ratio !== undefined) this.#moved = Math.max(0, this.#moved + looks * Math.min(mostPerLook, ratio + coherence));
    return true;
  }

  /** A smaller box in the one before shows less of what was seen, and its filter follows for some looks. */
  #shrank(box: Box): boolean {
    const before = this.#box ?? box;
    const isPart = containment(box, before) > partContainment && area(before) > partRatio * area(box);
    this.#unlike = isPart ? firstLooks : this.#unlike - 1;
    this.#box = box;
    return this.#unlike > 0;
  }

  miss(): void {
    this.#looks += 1;
    this.#sum += missed;
    this.#moved = Math.max(0, this.#moved + missed / firstLooks);
  }
}

/** Which end of an object the picture's edges cut, along one axis. */
type Cut = 'whole' | 'low' | 'high' | 'both';

/**
 * An end that was cut stays so until it is further from the edge than a box is wrong: an arm over a table must not seem to
 * be whole, and to move, for one picture.
 *
 * @param low the two ends of the box, fractions of the picture
 * @param before the look before
 */
function cutOf(low: number, high: number, before: Cut): Cut {
  const near = Math.max(atEdge, edgeError * (high - low));
  const isLow = low < (before === 'low' || before === 'both' ? near : atEdge);
  const isHigh = high > 1 - (before === 'high' || before === 'both' ? near : atEdge);
  if (isLow) return isHigh ? 'both' : 'low';
  return isHigh ? 'high' : 'whole';
}

/** How far something has come along one axis, also while the picture's edge cuts it. */
class Displacement {
  #cut: Cut | undefined;
  #from = 0;
  /** Up to when the edge began or ceased to cut it. */
  #before = 0;
  #distance = 0;

  /** The step to the next place does not count: measuring goes on from there. */
  stay(): void {
    this.#cut = undefined;
  }

  /**
   * @param low the two ends of its box
   * @param middle where it is if it is whole, smoothed
   * @param mayComeIn whether the end that is inside tells its motion
   * @returns the distance from where it was first seen, with a sign
   */
  to(cut: Cut, low: number, high: number, middle: number, mayComeIn: boolean): number {
    const place = { whole: middle, low: high, high: low, both: undefined }[cut];
    if (place === undefined || cut !== this.#cut || (cut !== 'whole' && !mayComeIn)) {
      this.#cut = cut;
      this.#from = place ?? 0;
      this.#before = this.#distance;
      return this.#distance;
    }
    this.#distance = this.#before + place - this.#from;
    return this.#distance;
  }
}
