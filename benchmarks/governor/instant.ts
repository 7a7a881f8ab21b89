import { Governor } from '../../src/device/governor/governor.js';

/** What follows the load at once, where a chip's warmth takes minutes: watts, and CPU time. */
export interface InstantScenario {
  name: string;
  limits: { watts: number } | { cpu: number };
  /** In the limit's unit: without cameras, and of all that is wished for. */
  idle: number;
  full: number;
  /** Of a value, standard deviation as a fraction of it: what pictures cost differs from one five seconds to the next. */
  noise: number;
}

export interface InstantOutcome {
  hours: number;
  reversals: number;
  pictures: number;
  perfect: number;
  /** So long the value itself, without noise, was more than 2 % above the limit, in all. Seconds. */
  overSeconds: number;
}

export const instantScenarios: readonly InstantScenario[] = [
  { name: 'cpu, 150 % of one core', limits: { cpu: 150 }, idle: 10, full: 210, noise: 0.05 },
  { name: 'cpu, 160 %, uneven scenes', limits: { cpu: 160 }, idle: 5, full: 305, noise: 0.08 },
  { name: 'cpu, 40 %, uneven scenes', limits: { cpu: 40 }, idle: 5, full: 50, noise: 0.1 },
  { name: 'watts, 6 W', limits: { watts: 6 }, idle: 2.5, full: 7.5, noise: 0.03 },
  { name: 'watts, 6 W, uneven scenes', limits: { watts: 6 }, idle: 2.5, full: 7.5, noise: 0.08 },
];

/** What a picture costs changes so every hour and a half: a street that fills and empties. */
const scenes = [1, 1.4, 0.8, 1.2];
const sceneSeconds = 5400;
const tickSeconds = 5;

export function simulateInstant(scenario: InstantScenario, random: () => number): InstantOutcome {
  const { limits, idle, full, noise } = scenario;
  const [name, limit] = Object.entries(limits)[0] as [string, number];
  const governor = new Governor(limits, { fractions: [1], usual: 0 });
  const seconds = scenes.length * sceneSeconds;
  const outcome = { hours: seconds / 3600, reversals: 0, pictures: 0, perfect: 0, overSeconds: 0 };
  let rate = 0;
  let direction = 0;
  for (let at = 0; at < seconds; at += tickSeconds) {
    const span = (full - idle) * (scenes[Math.floor(at / sceneSeconds)] ?? 1);
    const value = idle + rate * span;
    if (value > 1.02 * limit) outcome.overSeconds += tickSeconds;
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const unknown = { temperature: null, watts: null, cpu: null, throttled: null, achieved: null };
    const allowance = governor.next({ ...unknown, atMs: at * 1000, [name]: value * (1 + noise * normal) });
    const turn = Math.sign(allowance.rate - rate);
    if (turn !== 0 && turn === -direction) outcome.reversals += 1;
    if (turn !== 0) direction = turn;
    rate = allowance.rate;
    outcome.pictures += rate;
    outcome.perfect += Math.min(1, (limit - idle) / span);
  }
  return outcome;
}
