import t from 'tap';
import { Stillness } from '../../../src/pipeline/track/track.js';

/** An object of size 1 that has stood at (0, 0) for ten seconds. */
function still(): Stillness {
  const stillness = new Stillness(0, 0, 0);
  for (let s = 0.1; s <= 10; s += 0.1) stillness.update(0, 0, 1, s);
  return stillness;
}

t.test('it takes three seconds in one place', async (t) => {
  const stillness = new Stillness(0, 0, 0);
  stillness.update(0.1, 0, 1, 2.9);
  t.equal(stillness.stationary, false);
  stillness.update(0.1, 0, 1, 3);
  t.equal(stillness.stationary, true);
});

t.test('a slow walk is none', async (t) => {
  const stillness = new Stillness(0, 0, 0);
  for (let s = 0.1; s < 60; s += 0.1) stillness.update(0.1 * s, 0, 1, s);
  t.equal(stillness.stationary, false);
});

t.test('half a covered box and a single wild one change nothing', async (t) => {
  const stillness = still();
  for (let s = 10; s < 20; s += 0.1) stillness.update(0.25, 0, 1, s);
  t.equal(stillness.stationary, true);
  t.equal(stillness.atRest, true);
  stillness.update(0.6, 0, 1, 20.1);
  t.equal(stillness.stationary, true);
  t.equal(stillness.atRest, false, 'but who is lost there may be leaving');
  stillness.update(0, 0, 1, 20.2);
  t.equal(stillness.atRest, true);
});

t.test('away for a while, or far away, it moves', async (t) => {
  const slowly = still();
  slowly.update(0.5, 0, 1, 10.1);
  slowly.update(0.5, 0, 1, 10.5);
  t.equal(slowly.stationary, false);
  const quickly = still();
  quickly.update(0.8, 0, 1, 10.1);
  t.equal(quickly.stationary, false);
});
