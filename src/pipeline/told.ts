import type { Box } from '../contract/geometry.js';
import { iou } from './track/overlap.js';

/** An object has moved (or grown) when its box overlaps the one last told of by less than this. */
const movedIou = 0.6;
/** A best score is news when it is better by this. */
const scoreStep = 0.15;
/** A snapshot is worth replacing when the object is seen with a score better by this. */
const shotStep = 0.1;

/** What subscribers care about in a track. */
export interface Facts {
  class: string;
  score: number;
  bestScore: number;
  box: Box;
  zones: readonly string[];
  stationary: boolean;
}

/** What subscribers were last told of a track, and whether what is known now differs enough to tell them again. */
export class Told {
  #facts: Facts;
  #at: number;
  #shotScore: number;

  /** @param seconds when its `new` was told, with a snapshot */
  constructor(facts: Facts, seconds: number) {
    this.#facts = facts;
    this.#at = seconds;
    this.#shotScore = facts.score;
  }

  updateDue(facts: Facts, seconds: number, updateSeconds: number): boolean {
    return seconds - this.#at >= updateSeconds && this.#isNews(facts);
  }

  /** @returns whether a snapshot should go with it */
  update(facts: Facts, seconds: number): boolean {
    this.#facts = facts;
    this.#at = seconds;
    const better = this.#shotIsBetter(facts);
    if (better) this.#shotScore = facts.score;
    return better;
  }

  #isNews(now: Facts): boolean {
    const then = this.#facts;
    return (
      now.class !== then.class ||
      now.stationary !== then.stationary ||
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
