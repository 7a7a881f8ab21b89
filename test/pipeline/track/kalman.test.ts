import t from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { BoxFilter } from '../../../src/pipeline/track/kalman.js';
import { boxAt, randomFrom } from './actors.js';

const aspect = 16 / 9;

t.test('at an uneven rate it finds the velocity and foretells the place', async (t) => {
  const random = randomFrom(2);
  const place = (seconds: number): Box => boxAt(0.2 + 0.1 * seconds, 0.5 - 0.05 * seconds, 0.06, 0.2);
  const filter = new BoxFilter(place(0), aspect, 2);
  let seconds = 0;
  while (seconds < 3) {
    const dt = 0.05 + 0.2 * random();
    seconds += dt;
    filter.predict(dt);
    filter.correct(place(seconds), 0.8);
  }
  t.ok(Math.abs(filter.speed - Math.hypot(0.1, 0.05 / aspect)) < 0.003, `speed ${filter.speed}`);
  filter.predict(1);
  t.ok(Math.abs(filter.x - (0.2 + 0.1 * (seconds + 1))) < 0.005, `x ${filter.x}`);
  t.ok(Math.abs(filter.y - (0.5 - 0.05 * (seconds + 1))) < 0.005, `y ${filter.y}`);
});

t.test('one step of a second is as sure as ten of a tenth', async (t) => {
  const make = () => new BoxFilter(boxAt(0.5, 0.5, 0.1, 0.2), aspect, 2);
  const once = make();
  const often = make();
  once.predict(1);
  for (let i = 0; i < 10; i++) often.predict(0.1);
  const elsewhere = boxAt(0.6, 0.4, 0.1, 0.2);
  t.ok(Math.abs(once.surprise(elsewhere) / often.surprise(elsewhere) - 1) < 1e-6);
});

t.test('jitter is smoothed, and the more the less sure the detection', async (t) => {
  const random = randomFrom(3);
  const spread = (score: number) => {
    const filter = new BoxFilter(boxAt(0.5, 0.5, 0.1, 0.2), aspect, 2);
    let sum = 0;
    for (let i = 0; i < 400; i++) {
      filter.predict(0.1);
      filter.correct(boxAt(0.5 + 0.01 * (random() - 0.5), 0.5, 0.1, 0.2), score);
      sum += (filter.x - 0.5) ** 2;
    }
    return Math.sqrt(sum / 400);
  };
  const raw = 0.01 / Math.sqrt(12);
  t.ok(spread(1) < raw * 0.9, `${spread(1)} of ${raw}`);
  t.ok(spread(0.2) < spread(1));
});

t.test('the longer it waits the less it is surprised', async (t) => {
  const filter = new BoxFilter(boxAt(0.5, 0.5, 0.1, 0.2), aspect, 2);
  const elsewhere = boxAt(0.7, 0.5, 0.1, 0.2);
  const before = filter.surprise(elsewhere);
  filter.predict(0.5);
  t.ok(filter.surprise(elsewhere) < before);
});

t.test('it follows a growing box', async (t) => {
  const filter = new BoxFilter(boxAt(0.5, 0.5, 0.1, 0.1), aspect, 2);
  for (let i = 1; i <= 30; i++) {
    filter.predict(0.1);
    filter.correct(boxAt(0.5, 0.5, 0.1 * 1.03 ** i, 0.1 * 1.03 ** i), 0.8);
  }
  const box = filter.boxInto([0, 0, 0, 0]);
  t.ok(Math.abs((box[2] - box[0]) / (0.1 * 1.03 ** 30) - 1) < 0.06, `${box[2] - box[0]}`);
});
