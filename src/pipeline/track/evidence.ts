import type { Detection } from '../../contract/detection.js';
import type { Box } from '../../contract/geometry.js';
import type { ModelCard } from '../../contract/model-card.js';
import { atEdge } from './overlap.js';

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
/** An object that the picture's edge cuts looks like many others: a head from behind like a cat. Log-odds. */
const cutPenalty = 1;
/** And its motion along that edge counts for less. */
const cutMove = 0.5;

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
  /** Where it was first seen whole, and how large. */
  #x = 0;
  #y = 0;
  #size = 0;
  #reach = 0;

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

  /** How far it has come from where it was first seen whole, in its own sizes. */
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
    const cutX = left < atEdge || right > 1 - atEdge;
    const cutY = top < atEdge || bottom > 1 - atEdge;
    const ratio = logOdds === undefined ? undefined : logOdds - prior - (cutX || cutY ? cutPenalty : 0);
    if (ratio !== undefined) {
      this.#looks += 1;
      this.#sum += ratio;
    }
    // An edge that cuts it moves with what comes in: that is no motion of the object.
    if (this.#size === 0 || cutX) this.#x = x;
    if (this.#size === 0 || cutY) this.#y = y;
    if (this.#size === 0) this.#size = size;
    const growth = cutX || cutY ? 0 : Math.log(size / this.#size);
    const reach = Math.hypot((x - this.#x) / size, (y - this.#y) / size, growth);
    if (reach <= this.#reach) return false;
    const looks = Math.min(1, (reach - this.#reach) / independentMove) * (cutX || cutY ? cutMove : 1);
    this.#reach = reach;
    if (ratio !== undefined) this.#moved = Math.max(0, this.#moved + looks * Math.min(mostPerLook, ratio + coherence));
    return true;
  }

  miss(): void {
    this.#looks += 1;
    this.#sum += missed;
    this.#moved = Math.max(0, this.#moved + missed / firstLooks);
  }
}
