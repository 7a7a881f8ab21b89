import { Budget, type LimitName } from './budget.js';

/** What must not be exceeded; what is not named is not watched. */
export type Limits = { [Name in LimitName]?: number | undefined };

/** What the board says at one moment. */
export interface GovernorSample extends Record<LimitName, number | null> {
  /** Milliseconds that only ever go up. */
  atMs: number;
  /** Whether the firmware slows the chip down because of its heat; null where nobody says. */
  throttled: boolean | null;
  /** Pictures analysed, as a fraction of those that are wished for, 0..1; null where nothing is known yet. */
  achieved: number | null;
}

/** What the cameras may do now. */
export interface Allowance {
  /** Fraction of the rate that each camera is set to, 0..1. */
  rate: number;
  /** Of the network's input, fraction of the most. */
  pixels: number;
  /** What keeps them from more; null when nothing does. */
  heldBackBy: LimitName | null;
  /** False: even the least that may be asked for is above a limit. */
  holds: boolean;
  /** For people. */
  reason: string;
}

/** Pixels of the network's input that may be asked for, as fractions of the most, largest first. */
export interface InputSizes {
  fractions: readonly number[];
  /** Which of them is the usual one: what is larger is given up before the rate is. */
  usual: number;
}

export const usualSizes: InputSizes = { fractions: [1, 0.5], usual: 0 };
/** For an input that takes so many times the usual pixels. */
export function sizesFrom(timesUsual: number): InputSizes {
  if (timesUsual <= 1) return usualSizes;
  return { fractions: [1, ...usualSizes.fractions.map((fraction) => fraction / timesUsual)], usual: 1 };
}

/** A start at full rate could be degrees above the limit before anything is known. */
const firstRate = 0.25;
/** Below this fraction of the wished rate a smaller input sees more than fewer pictures do. */
const leastRate = 0.25;
/** An input above the usual size is given up where it can't run at this fraction of the wished rate. */
const keptRate = 0.8;
/** At the smallest size the rate may fall further, to this. */
const lowestRate = 0.05;
/** The larger input comes back when it could run at this fraction of the wished rate … */
const returnRate = 0.4;
/** … for so long; each return that did not last doubles it, up to the most. Seconds. */
const returnSeconds = { first: 300, most: 4 * 3600 };
/** The smaller input comes after so long at the least rate above a limit, seconds. */
const smallerSeconds = 30;
/** A return lasted when it held for so long, seconds. */
const lastedSeconds = 3600;
/** The load rises no faster than this, a second: a chip's own temperature must be seen following. */
const fastestRise = 0.01;
/** Smaller changes of the rate are not worth telling the cameras, fraction of the wished rate … */
const worthTelling = 0.02;
/** … and a change of direction must be larger, or noise alone would make the rate swing. */
const worthTurning = 0.03;
/** Cameras that gave so many times fewer pictures than they might can give no more. */
const achievable = 1.25;
/** How far below the temperature at which the firmware slowed the chip down the limit is moved, °C. */
const belowFirmware = 2;

/**
 * Holds rate and input size inside limits. Pure: what it knows comes with the samples, time included.
 *
 * Every limit proposes a step of the load and the most cautious one is taken; so no limit can gather a debt while another
 * one rules. The rate that the cameras are told follows the load with a dead band.
 */
export class Governor {
  readonly #budgets: Budget[] = [];
  #load = firstRate;
  #rate = firstRate;
  /** Of the rate's last change: 1 up, -1 down. */
  #direction = 1;
  #size = 0;
  #lastMs: number | undefined;
  #heldBackBy: LimitName | null = null;
  /** Seconds at the least rate and above a limit, and with room for the larger input. */
  #strained = 0;
  #roomy = 0;
  #returnSeconds = returnSeconds.first;
  #sinceReturn = Number.POSITIVE_INFINITY;

  /** @param sizes one only where the model takes no other */
  constructor(
    limits: Limits,
    private readonly sizes: InputSizes = usualSizes,
  ) {
    for (const name of ['temperature', 'watts', 'cpu'] as const) {
      const limit = limits[name];
      if (limit !== undefined) this.#budgets.push(new Budget(name, limit));
    }
  }

  /** Limits as they are held now: lower than asked for where the firmware throttled below them. */
  get limits(): Record<string, number> {
    return Object.fromEntries(this.#budgets.map(({ name, limit }) => [name, limit]));
  }

  /** To be called every few seconds. */
  next(sample: GovernorSample): Allowance {
    const seconds = Math.min(60, (sample.atMs - (this.#lastMs ?? sample.atMs)) / 1000);
    this.#lastMs = sample.atMs;
    this.#heedFirmware(sample);
    this.#moveLoad(sample, seconds);
    this.#chooseSize(seconds);
    this.#chooseRate();
    return { rate: this.#rate, pixels: this.#pixels(this.#size), ...this.#explain(sample) };
  }

  /** It knows the chip better than the settings do. */
  #heedFirmware({ throttled, temperature }: GovernorSample): void {
    const budget = this.#budgets.find(({ name }) => name === 'temperature');
    if (throttled && temperature !== null) budget?.lower(temperature - belowFirmware);
  }

  #moveLoad(sample: GovernorSample, seconds: number): void {
    let step = fastestRise * seconds;
    let ruling: LimitName | null = null;
    for (const budget of this.#budgets) {
      const proposed = budget.step(sample[budget.name], seconds);
      if (proposed < step) {
        step = proposed;
        ruling = budget.name;
      }
    }
    // Cameras that give fewer pictures than they may: the way down begins where it makes a difference.
    if (step < 0 && sample.achieved !== null)
      this.#load = Math.min(this.#load, achievable * Math.max(sample.achieved, leastRate));
    this.#load = Math.max(this.#least, Math.min(1, this.#load + step));
    this.#heldBackBy = this.#load < 1 && step <= 0 ? ruling : null;
  }

  get #least(): number {
    return this.#isSmallest ? lowestRate : leastRate;
  }

  get #isSmallest(): boolean {
    return this.#size === this.sizes.fractions.length - 1;
  }

  /** A smaller input would see more than this rate does, and no more of it is allowed. */
  get #isStrained(): boolean {
    if (this.#size < this.sizes.usual) return this.#load < keptRate && this.#heldBackBy !== null;
    return this.#load <= this.#least && this.#budgets.some((budget) => budget.isOver);
  }

  #chooseSize(seconds: number): void {
    this.#sinceReturn += seconds;
    this.#strained = this.#isStrained ? this.#strained + seconds : 0;
    if (this.#strained >= smallerSeconds && !this.#isSmallest) {
      if (this.#sinceReturn < lastedSeconds)
        this.#returnSeconds = Math.min(2 * this.#returnSeconds, returnSeconds.most);
      else this.#returnSeconds = returnSeconds.first;
      this.#resize(this.#size + 1);
      return;
    }
    const larger = this.#size - 1;
    this.#roomy = this.#hasRoomFor(larger) ? this.#roomy + seconds : 0;
    if (this.#roomy < this.#returnSeconds) return;
    this.#sinceReturn = 0;
    this.#resize(larger);
  }

  #hasRoomFor(larger: number): boolean {
    if (larger < 0) return false;
    // What there is beyond the full rate is not known: it has to be tried.
    if (larger < this.sizes.usual) return this.#load === 1;
    return (this.#load * this.#pixels(this.#size)) / this.#pixels(larger) >= returnRate;
  }

  /** The load in watts is about what it was: between that of as many pictures and that of as many pixels. */
  #resize(size: number): void {
    const ratio = this.#pixels(this.#size) / this.#pixels(size);
    this.#load = Math.min(1, this.#load * (ratio > 1 ? (1 + ratio) / 2 : ratio));
    this.#size = size;
    this.#strained = 0;
    this.#roomy = 0;
    this.#rate = this.#load;
  }

  #chooseRate(): void {
    if (this.#load === 1) this.#rate = 1;
    const change = this.#load - this.#rate;
    if (Math.abs(change) < (Math.sign(change) === -this.#direction ? worthTurning : worthTelling)) return;
    this.#direction = Math.sign(change);
    this.#rate = this.#load;
  }

  #explain(sample: GovernorSample): Pick<Allowance, 'heldBackBy' | 'holds' | 'reason'> {
    const isFull = this.#rate === 1 && this.#size === 0;
    const isLeast = this.#load === lowestRate;
    const ruling = this.#budgets.find(({ name }) => name === this.#heldBackBy);
    const holds = !(isLeast && this.#budgets.some((budget) => budget.isOver));
    if (isFull || ruling === undefined) {
      return { heldBackBy: null, holds, reason: isFull ? 'within all limits' : 'room for more: the rate is going up' };
    }
    const { name, limit, value } = ruling;
    const unit = units[name];
    const smaller = this.#size > 0 ? ', and a smaller input' : '';
    const allowed = `${Math.round(100 * this.#rate)} % of the wished rate${smaller}`;
    const missing = `is limited to ${limit} ${unit}, but no sensor says what it is: it stays at ${allowed}`;
    if (sample[name] === null || value === undefined) return { heldBackBy: name, holds, reason: `${name} ${missing}` };
    const measured = `${name} ${value.toFixed(1)} of ${limit} ${unit}: ${allowed}`;
    return {
      heldBackBy: name,
      holds,
      reason: holds ? measured : `${measured}, and less can’t be asked of the cameras`,
    };
  }

  #pixels(size: number): number {
    return this.sizes.fractions[size] ?? 1;
  }
}

const units: Record<LimitName, string> = { temperature: '°C', watts: 'W', cpu: '% of one core' };
