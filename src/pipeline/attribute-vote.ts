import type { ClassifierSettings } from '../config/learnt-settings.js';
import type { Attribute } from '../contract/event.js';
import { unknownClass } from '../contract/head.js';
import type { ClassScore } from './classifier.js';

/** Between two looks at one object, milliseconds: pictures right after each other show the same. */
const betweenMs = 200;
/** So many looks are wanted before anything is told, where so many are asked for. */
const leastLooks = 2;
/** Once there are enough, another one must be better by this factor. */
const better = 1.1;

interface Look {
  quality: number;
  answers: readonly ClassScore[];
}

/** What is made of an object's best pictures: a vote by the mean of their scores. */
export class AttributeVote {
  readonly #looks: Look[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly settings: Pick<ClassifierSettings, 'looks' | 'minScore'>) {}

  /** @param quality of the picture, higher is better; see {@link qualityOf} */
  wants(quality: number, nowMs: number): boolean {
    if (nowMs - this.#lookedAt < betweenMs) return false;
    if (this.#looks.length < this.settings.looks) return true;
    return quality > better * Math.min(...this.#looks.map((look) => look.quality));
  }

  looking(nowMs: number): void {
    this.#lookedAt = nowMs;
  }

  /** @returns what the best looks say together; undefined where they say nothing that is worth telling */
  see(quality: number, answers: readonly ClassScore[]): Attribute | undefined {
    const { looks, minScore } = this.settings;
    this.#looks.push({ quality, answers });
    this.#looks.sort((a, b) => b.quality - a.quality);
    this.#looks.length = Math.min(this.#looks.length, looks);
    if (this.#looks.length < Math.min(leastLooks, looks)) return undefined;
    const sums = new Map<string, number>();
    for (const { answers: each } of this.#looks) {
      for (const { class: name, score } of each) sums.set(name, (sums.get(name) ?? 0) + score);
    }
    const [best, sum] = [...sums].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    const score = Math.min(1, sum / this.#looks.length);
    return best === '' || best === unknownClass || score < minScore ? undefined : { class: best, score };
  }
}

/** How well a picture shows an object: sure and large is better. @param box fractions of the picture */
export function qualityOf(score: number, [left, top, right, bottom]: readonly number[]): number {
  return score * Math.sqrt(((right ?? 0) - (left ?? 0)) * ((bottom ?? 0) - (top ?? 0)));
}
