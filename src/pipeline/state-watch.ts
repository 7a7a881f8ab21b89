import type { StateSettings } from '../config/learnt-settings.js';
import { unknownClass } from '../contract/head.js';

/** Between two looks while something moves, and while the looks don't agree; milliseconds. */
const movingMs = 300;
const unsureMs = 150;
/** Without agreement for so long a state is unknown, milliseconds. */
const patienceMs = 3000;

/** What a region shows, told by a few looks at it. */
export class StateWatch {
  /** One of the settings' classes, or `unknown`. */
  state: string = unknownClass;
  /** Of the last look that agreed with it, 0..1. */
  score = 0;
  #looks: string[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Since when the looks say otherwise and don't agree. */
  #doubtSince: number | undefined;

  constructor(private readonly settings: Pick<StateSettings, 'classes' | 'everySeconds' | 'agree'>) {}

  /**
   * @param nowMs on a monotonic clock
   * @param still nothing moves in the picture
   */
  isDue(nowMs: number, still: boolean): boolean {
    const { everySeconds } = this.settings;
    const isUnsure = this.#looks.some((look) => look !== this.state);
    const waitMs = isUnsure ? unsureMs : still ? everySeconds * 1000 : Math.min(movingMs, everySeconds * 1000);
    return nowMs - this.#lookedAt >= waitMs;
  }

  /** A look is on its way. */
  looking(nowMs: number): void {
    this.#lookedAt = nowMs;
  }

  /**
   * Takes in what a look said. The first one after the start, or after another teaching, is believed: a retained state
   * shall be right at once.
   *
   * @returns whether the state has changed
   */
  see({ class: said, score }: { class: string; score: number }, nowMs: number): boolean {
    const { classes, agree } = this.settings;
    const look = classes.includes(said) ? said : unknownClass;
    const isFirst = this.#looks.length === 0;
    this.#looks.push(look);
    if (this.#looks.length > agree[1]) this.#looks.shift();
    const winner = isFirst ? look : [...classes, unknownClass].find((name) => this.#count(name) >= agree[0]);
    if (winner !== undefined) this.#doubtSince = undefined;
    else if (look !== this.state) this.#doubtSince ??= nowMs;
    if (look === (winner ?? this.state)) this.score = score;
    const isTorn = nowMs - (this.#doubtSince ?? nowMs) > patienceMs;
    return this.#become(winner ?? (isTorn ? unknownClass : this.state));
  }

  /** Nothing is known any more: no pictures come, or what names them has changed. @returns whether the state has changed */
  reset(): boolean {
    this.#looks = [];
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    return this.#become(unknownClass);
  }

  /** Other weights name the pictures from now on: the state holds until the next look, which is believed. */
  relearnt(): void {
    this.#looks = [];
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  #count(name: string): number {
    return this.#looks.filter((look) => look === name).length;
  }

  #become(state: string): boolean {
    if (state === this.state) return false;
    this.state = state;
    return true;
  }
}
