import t from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { Calibration, Evidence } from '../../../src/pipeline/track/evidence.js';
import { Tracker } from '../../../src/pipeline/track/tracker.js';
import { type Actor, boxAt, detect, person } from './actors.js';

const options = { calibration: new Calibration({ minScore: 0.4 }), aspect: 16 / 9 };

t.test(
  'a card’s calibration is what scores are worth; without one its minScore is right four times of five',
  async (t) => {
    const odds = (p: number) => Math.log(p / (1 - p));
    const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;
    const calibrated = new Calibration({
      minScore: 0.6,
      calibration: { dog: { temperature: 0.5, bias: -0.5, minScore: 0.7 } },
    });
    const dog = { class: 'dog', score: 0.6, box: boxAt(0.5, 0.5, 0.1, 0.1) };
    t.ok(near(calibrated.logOdds(dog), odds(0.6) / 0.5 - 0.5));
    t.ok(near(calibrated.logOdds({ ...dog, class: 'zebra' }), odds(0.8)), 'a class that it leaves out');
    t.ok(near(new Calibration({ minScore: 0.35 }).logOdds({ ...dog, score: 0.35 }), odds(0.8)));
    const strict = new Calibration({ minScore: 0.6 }, 0.7);
    t.ok(near(strict.logOdds({ ...dog, score: 0.7 }), odds(0.8)), 'a user’s minScore takes the place of the card’s');
    t.ok(strict.logOdds(dog) < odds(0.8));
  },
);

/** Log-odds after looks at boxes, each worth the same. */
function after(boxes: readonly Box[], logOdds: number, partsMislead = true): number {
  const evidence = new Evidence(partsMislead, 16 / 9);
  for (const box of boxes) {
    evidence.see(logOdds, box, (box[0] + box[2]) / 2, ((box[1] + box[3]) / 2) * (9 / 16), 0.1);
  }
  return evidence.logOdds;
}

t.test('looks at one place are one look, however many; each step away is another', async (t) => {
  const still = (looks: number) => after(new Array<Box>(looks).fill([0.4, 0.4, 0.5, 0.6]), 1);
  t.ok(Math.abs(still(3) - 1) < 1e-9, 'no more than the average look says');
  t.ok(Math.abs(still(3000) - 1) < 1e-9);
  const walk = (step: number) =>
    after(
      Array.from({ length: 10 }, (_, i): Box => [0.1 + i * step, 0.4, 0.2 + i * step, 0.6]),
      1,
    );
  t.ok(walk(0.04) > 10);
  t.ok(walk(0.04) > walk(0.01) && walk(0.01) > still(10));
  const toAndFro = Array.from({ length: 100 }, (_, i): Box => [0.4 + (i % 2) * 0.02, 0.4, 0.5 + (i % 2) * 0.02, 0.6]);
  t.ok(after(toAndFro, 1) < 3, 'a box that wavers goes nowhere');
});

t.test('what comes in at the picture’s edge grows, which is no motion', async (t) => {
  const arm = Array.from({ length: 20 }, (_, i): Box => [0.1, 0, 0.2, 0.1 + 0.03 * i]);
  t.ok(after(arm, 2.5) < 2.5);
  const near = arm.map(([left, , right, bottom], i): Box => [left, i > 1 ? 0.006 : 0, right, bottom]);
  t.ok(after(near, 2.5) < 2.5, 'also where its box begins a little inside, as boxes do');
  const inside = arm.map(([left, top, right, bottom]): Box => [left, top + 0.1, right, bottom + 0.1]);
  t.ok(after(inside, 2.5) > 5);
  t.ok(after(arm, 2.5, false) > 5, 'a part of a car looks like nothing but a car');
  const walkIn = Array.from({ length: 10 }, (_, i): Box => [0, 0.3, 0.02 + 0.01 * i, 0.8]);
  t.ok(after(walkIn, 1) > after(walkIn.slice(0, 3), 1) + 2, 'over a side somebody walks in, if it is upright');
  const reach = Array.from({ length: 10 }, (_, i): Box => [0, 0.6, 0.2 + 0.05 * i, 0.7]);
  t.ok(after(reach, 2.5) < 3, 'or reaches in');
});

t.test('a box that shows less of what the one before showed has not moved', async (t) => {
  const whole: Box = [0.02, 0.02, 0.22, 0.88];
  const rest: Box = [0.12, 0.31, 0.21, 0.86];
  const boxes = [...new Array<Box>(10).fill(whole), ...new Array<Box>(10).fill(rest)];
  t.ok(after(boxes, 1) < 1.5, 'an arm and the bottle that it has put down');
  t.ok(after(boxes, 1, false) > 2);
});

t.test('who stands there from the start is told after three seconds if 17 of 20 such are right', async (t) => {
  const toldAfter = (score: number) => {
    const tracker = new Tracker({ ...options, calibration: new Calibration({ minScore: 0.6 }) });
    for (let i = 0; i < 600; i++) {
      tracker.step([{ class: 'person', score, box: boxAt(0.5, 0.5, 0.1, 0.3) }], i / 10);
      if (tracker.tracks.some(({ confirmed }) => confirmed)) return i / 10;
    }
    return undefined;
  };
  t.equal(toldAfter(0.8), 0.2);
  t.equal(toldAfter(0.65), 3);
  t.equal(toldAfter(0.6), undefined, 'four of five are right at the score that the card names');
});

t.test('three sights that are sure together make a track, fewer or weaker ones none', async (t) => {
  const confirmedAfter = (scores: readonly number[]) => {
    const tracker = new Tracker(options);
    scores.forEach((score, i) => {
      tracker.step(score > 0 ? [{ class: 'person', score, box: boxAt(0.5, 0.5, 0.1, 0.3) }] : [], i / 10);
    });
    return tracker.tracks.filter(({ confirmed }) => confirmed).length;
  };
  t.equal(confirmedAfter([0.7, 0.7]), 0);
  t.equal(confirmedAfter([0.7, 0.7, 0.7]), 1);
  t.equal(confirmedAfter([0.8, 0, 0.8, 0.8, 0.8]), 1, 'a miss between');
  t.equal(confirmedAfter([0.8, 0, 0, 0, 0, 0.8]), 0, 'misses that are too many');
  t.equal(confirmedAfter(new Array(600).fill(0.4)), 0, 'what stands there at .4 for a minute');
});

t.test('what moves is sure at scores at which what stands is not', async (t) => {
  const seen = (actor: Actor, score: number) => {
    const tracker = new Tracker({ ...options, calibration: new Calibration({ minScore: 0.6 }) });
    for (let i = 0; i < 30; i++) tracker.step(detect([actor], i / 10, score), i / 10);
    return tracker.tracks.filter(({ confirmed }) => confirmed).length;
  };
  t.equal(
    seen(
      person(() => [0.5, 0.5]),
      0.45,
    ),
    0,
  );
  t.equal(
    seen(
      person((s) => [0.2 + 0.1 * s, 0.5]),
      0.45,
    ),
    1,
  );
  t.equal(
    seen(
      person((s) => [0.2 + 0.1 * s, 0.5]),
      0.25,
    ),
    0,
    'but not at any',
  );
});
