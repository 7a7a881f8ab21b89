import t from 'tap';
import {
  Governor,
  type GovernorSample,
  type InputSizes,
  type Limits,
  sizesFrom,
} from '../../../src/device/governor/governor.js';

/** A governor that is shown the same values every five seconds. */
class Watched {
  readonly governor: Governor;
  #atMs = 0;

  constructor(limits: Limits, sizes?: InputSizes) {
    this.governor = new Governor(limits, sizes);
  }

  show(seconds: number, sample: Partial<GovernorSample>) {
    const nothing = { temperature: null, watts: null, cpu: null, throttled: null, achieved: null };
    let allowance = this.governor.next({ ...nothing, ...sample, atMs: this.#atMs });
    for (const until = this.#atMs + seconds * 1000; this.#atMs < until; ) {
      this.#atMs += 5000;
      allowance = this.governor.next({ ...nothing, ...sample, atMs: this.#atMs });
    }
    return allowance;
  }
}

t.test('with room below all limits the rate goes up to the full one', async (t) => {
  const watched = new Watched({ temperature: 75, watts: 8, cpu: 100 });
  const allowance = watched.show(600, { temperature: 50, watts: 4, cpu: 30 });
  t.match(allowance, { rate: 1, pixels: 1, heldBackBy: null, holds: true, reason: 'within all limits' });
});

t.test('the limit that is reached rules, whatever room the others have', async (t) => {
  const calm = { temperature: 50, watts: 4, cpu: 30 };
  for (const [name, value] of Object.entries({ temperature: 77, watts: 9, cpu: 120 })) {
    const watched = new Watched({ temperature: 75, watts: 8, cpu: 100 });
    watched.show(600, calm);
    t.ok(watched.show(30, { ...calm, [name]: value }).rate < 1, `${name}: a leap is no noise`);
    const held = watched.show(300, { ...calm, [name]: value });
    t.equal(held.heldBackBy, name);
    t.ok(held.rate < 1 && held.reason.startsWith(name), held.reason);
    t.match(watched.show(1200, calm), { rate: 1, pixels: 1 }, 'and comes back');
  }
});

t.test('what can’t be seen is not loaded more', async (t) => {
  const watched = new Watched({ temperature: 75 });
  const allowance = watched.show(600, {});
  t.match(allowance, { rate: 0.25, heldBackBy: 'temperature' });
  t.match(allowance.reason, /no sensor says/);
});

t.test('an input above the usual size is given up before the rate is, and tried again with room', async (t) => {
  const sizes = sizesFrom(1.625);
  t.strictSame(sizes, { fractions: [1, 1 / 1.625, 0.5 / 1.625], usual: 1 });
  const watched = new Watched({ temperature: 75 }, sizes);
  t.match(watched.show(600, { temperature: 60 }), { pixels: 1, rate: 1 });
  const warm = watched.show(120, { temperature: 76.5 });
  t.equal(warm.pixels, 1 / 1.625);
  t.ok(warm.rate > 0.25, 'not at a quarter of the rate, as below the usual size');
  t.match(watched.show(900, { temperature: 60 }), { pixels: 1, rate: 1 }, 'after five minutes at the full rate');
  t.equal(watched.show(1800, { temperature: 85 }).pixels, 0.5 / 1.625, 'and down to the least');
  t.strictSame(sizesFrom(1), { fractions: [1, 0.5], usual: 0 }, 'of the usual size nothing is larger');
});

t.test('size: smaller after the rate, back with hysteresis, not at all where the model has one', async (t) => {
  const watched = new Watched({ temperature: 75 });
  const hot = watched.show(1200, { temperature: 85 });
  t.equal(hot.pixels, 0.5);
  t.equal(hot.rate <= 0.06, true, 'and then the rate goes on down');
  t.match(hot, { holds: false, reason: /less can’t be asked/ });
  t.equal(watched.show(120, { temperature: 60 }).pixels, 0.5, 'it waits');
  t.equal(watched.show(1200, { temperature: 60 }).pixels, 1);
  t.equal(new Watched({ temperature: 75 }, { fractions: [1], usual: 0 }).show(1200, { temperature: 85 }).pixels, 1);
});

t.test('where the firmware throttles below the limit, the limit comes down', async (t) => {
  const watched = new Watched({ temperature: 75 });
  watched.show(600, { temperature: 60 });
  t.ok(watched.show(60, { temperature: 66, throttled: true }).rate < 1);
  t.same(watched.governor.limits, { temperature: 64 });
});

t.test('cameras that give less than they might are slowed down from what they give', async (t) => {
  const watched = new Watched({ temperature: 75 });
  watched.show(600, { temperature: 60 });
  t.ok(watched.show(20, { temperature: 76, achieved: 0.4 }).rate <= 0.5);
});
