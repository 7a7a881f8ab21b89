import { Governor } from '../../src/device/governor/governor.js';
import { SimulatedBoard, type SimulatedBoardOptions } from './simulated-board.js';

/** The air from a moment on. */
export interface AirStep {
  hours: number;
  celsius: number;
}

export interface Scenario extends SimulatedBoardOptions {
  air: readonly AirStep[];
}

export interface Outcome {
  hours: number;
  /** Of the chip itself, not of what its sensor says: °C above the limit, at most; negative: never at it. */
  worstOver: number;
  /** Pictures analysed, and those of a perfect controller with the same input sizes at the same times. */
  pictures: number;
  perfect: number;
  /** Times that the rate went up after it had gone down, or the other way round. */
  reversals: number;
  /** Of them, those in the second half of the time between two changes of the air. */
  lateReversals: number;
  rateChanges: number;
  /** Changes of the input's size. */
  sizeChanges: number;
  /** Fraction of the time with the smaller input. */
  smaller: number;
}

const stepSeconds = 0.5;
/** As often as the daemon asks its sensors. */
const tickSeconds = 5;
/** Another engine starts for another size. */
const replaceSeconds = 3;

/** Plays hours of a board's life in seconds: the real governor against a simulated chip. */
export function simulate(scenario: Scenario, random: () => number): Outcome {
  const { air, limit, fps } = scenario;
  const hours = air.reduce((sum, step) => sum + step.hours, 0);
  const first = air[0]?.celsius ?? 20;
  const board = new SimulatedBoard(scenario, first);
  const ideal = new SimulatedBoard(scenario, first);
  const governor = new Governor({ temperature: limit });
  const outcome: Outcome = {
    hours,
    worstOver: Number.NEGATIVE_INFINITY,
    pictures: 0,
    perfect: 0,
    reversals: 0,
    lateReversals: 0,
    rateChanges: 0,
    sizeChanges: 0,
    smaller: 0,
  };
  let rate = 0;
  let pixels = 1;
  let direction = 0;
  let idleUntil = 0;
  for (let tick = 0; tick * stepSeconds < hours * 3600; tick += 1) {
    const seconds = tick * stepSeconds;
    const { celsius, progress } = airAt(air, seconds / 3600);
    if (seconds % tickSeconds === 0) {
      const sensed = board.sense(random);
      const allowance = governor.next({
        atMs: seconds * 1000,
        temperature: sensed,
        watts: null,
        cpu: null,
        throttled: null,
        achieved: null,
      });
      if (allowance.pixels !== pixels) {
        outcome.sizeChanges += 1;
        idleUntil = seconds + replaceSeconds;
      } else if (allowance.rate !== rate) {
        outcome.rateChanges += 1;
        const turn = Math.sign(allowance.rate - rate);
        if (turn === -direction) {
          outcome.reversals += 1;
          if (progress >= 0.5) outcome.lateReversals += 1;
        }
        direction = turn;
      }
      ({ rate, pixels } = allowance);
    }
    const now = seconds < idleUntil ? 0 : rate;
    const best = ideal.perfectRate(stepSeconds, celsius, pixels);
    board.advance(stepSeconds, celsius, now, pixels);
    ideal.advance(stepSeconds, celsius, best, pixels);
    outcome.pictures += now * fps * stepSeconds;
    outcome.perfect += best * fps * stepSeconds;
    outcome.worstOver = Math.max(outcome.worstOver, board.temperature - limit);
    if (pixels < 1) outcome.smaller += stepSeconds / (hours * 3600);
  }
  return outcome;
}

/** The air's temperature, and how much of its step has passed, 0..1. */
function airAt(steps: readonly AirStep[], hour: number): { celsius: number; progress: number } {
  let start = 0;
  for (const { hours, celsius } of steps) {
    if (hour < start + hours) return { celsius, progress: (hour - start) / hours };
    start += hours;
  }
  return { celsius: steps.at(-1)?.celsius ?? 20, progress: 1 };
}

/** Mulberry32: the same noise in every run. Gives 0 <= x < 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
