import t from 'tap';
import type { Point } from '../../src/contract/geometry.js';
import { Zone, ZoneWatch } from '../../src/pipeline/zones.js';
import { randomFrom } from './track/actors.js';

const square: Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];

const zone = (polygon: Point[], dwellSeconds?: number) =>
  new Zone('yard', { polygon, ...(dwellSeconds !== undefined && { dwellSeconds }) }, 1);

t.test('depth is the distance from the border, positive inside', async (t) => {
  const { depth } = { depth: (x: number, y: number) => zone(square).depth(x, y) };
  t.ok(Math.abs(depth(0.4, 0.3) - 0.1) < 1e-9);
  t.ok(Math.abs(depth(0.1, 0.4) + 0.1) < 1e-9);
  t.ok(Math.abs(depth(0.7, 0.7) + Math.hypot(0.1, 0.1)) < 1e-9, 'from a corner');
});

t.test('vertical distances are in picture widths', async (t) => {
  t.ok(Math.abs(new Zone('yard', { polygon: square }, 2).depth(0.4, 0.3) - 0.05) < 1e-9);
});

t.test('the direction of the corners doesn’t matter, nor which is first', async (t) => {
  const turned = [...square.slice(2), ...square.slice(0, 2)].reverse();
  const random = randomFrom(1);
  let different = 0;
  for (let i = 0; i < 1000; i++) {
    const [x, y] = [random(), random()];
    if (Math.abs(zone(square).depth(x, y) - zone(turned).depth(x, y)) > 1e-9) different++;
  }
  t.equal(different, 0);
});

t.test('a concave zone', async (t) => {
  const horseshoe = zone([
    [0.1, 0.1],
    [0.9, 0.1],
    [0.9, 0.9],
    [0.6, 0.9],
    [0.6, 0.4],
    [0.4, 0.4],
    [0.4, 0.9],
    [0.1, 0.9],
  ]);
  t.ok(horseshoe.depth(0.2, 0.8) > 0);
  t.ok(horseshoe.depth(0.5, 0.8) < 0);
  t.ok(horseshoe.depth(0.8, 0.8) > 0);
  t.ok(horseshoe.depth(0.5, 0.4 - 1e-9) > 0);
});

t.test('level with a corner is counted once', async (t) => {
  const diamond = zone([
    [0.5, 0.2],
    [0.8, 0.5],
    [0.5, 0.8],
    [0.2, 0.5],
  ]);
  t.ok(diamond.depth(0.5, 0.5) > 0);
  t.ok(diamond.depth(0.1, 0.5) < 0);
  t.ok(diamond.depth(0.9, 0.5) < 0);
  t.ok(diamond.depth(0.1, 0.2) < 0);
});

t.test('who is cut off by the picture’s edge is in a zone that ends there', async (t) => {
  const street = zone([
    [0, 0.5],
    [1, 0.5],
    [1, 1],
    [0, 1],
  ]);
  t.ok(Math.abs(street.depth(0.5, 1) - 0.5) < 1e-5, 'nobody can leave by the picture’s edge');
  t.ok(street.depth(0.5, 1.2) > 0, 'a smoothed foot may lie below it');
  t.ok(street.depth(0, 0.9) > 0);
  t.ok(street.depth(1, 0.4) < 0);
});

t.test('jitter on the border is no traffic, a walk over it is', async (t) => {
  const watch = new ZoneWatch(zone(square));
  const random = randomFrom(2);
  const moves: (string | undefined)[] = [];
  const step = (x: number, seconds: number) => {
    const move = watch.step(x, 0.4, 0.01, true, seconds);
    if (move) moves.push(move);
  };
  for (let i = 0; i < 20; i++) step(0.1 + i * 0.005, i / 10);
  for (let i = 20; i < 500; i++) step(0.2 + 0.009 * (random() - 0.5), i / 10);
  const afterJitter = [...moves];
  for (let i = 500; i < 540; i++) step(0.2 + (i - 500) * 0.005, i / 10);
  t.ok(afterJitter.length <= 1, `${afterJitter.length} moves`);
  t.equal(watch.inside, true);
  t.equal(moves.length, 1);
});

t.test('who comes in just over the border and stays is inside after a second', async (t) => {
  const watch = new ZoneWatch(zone(square));
  const moves = [0.19, 0.205, 0.205, 0.205, 0.205].map((x, i) => watch.step(x, 0.4, 0.01, true, i * 0.5));
  t.strictSame(moves, [undefined, undefined, undefined, 'enter', undefined]);
});

t.test('who appears inside is inside at once', async (t) => {
  t.equal(new ZoneWatch(zone(square)).step(0.201, 0.4, 0.01, true, 0), 'enter');
});

t.test('a zone narrower than the margin can be entered', async (t) => {
  const strip = zone([
    [0.5, 0.1],
    [0.51, 0.1],
    [0.51, 0.9],
    [0.5, 0.9],
  ]);
  const watch = new ZoneWatch(strip);
  t.equal(watch.step(0.45, 0.5, 0.05, true, 0), undefined);
  t.equal(watch.step(0.505, 0.5, 0.05, true, 0.1), 'enter');
  t.equal(watch.step(0.56, 0.5, 0.05, true, 0.2), 'leave');
});

t.test('a class that the zone doesn’t take leaves it', async (t) => {
  const watch = new ZoneWatch(zone(square));
  t.equal(watch.step(0.4, 0.4, 0.01, false, 0), undefined);
  t.equal(watch.step(0.4, 0.4, 0.01, true, 0.1), 'enter');
  t.equal(watch.step(0.4, 0.4, 0.01, false, 0.2), 'leave');
});

t.test('a dwell is told once a stay', async (t) => {
  const watch = new ZoneWatch(zone(square, 2));
  const stay = (from: number, to: number, x: number) => {
    let told = 0;
    for (let s = from; s < to; s += 0.5) {
      watch.step(x, 0.4, 0.01, true, s);
      if (watch.dwellDue(s)) told++;
    }
    return told;
  };
  t.equal(stay(0, 2, 0.4), 0);
  t.equal(stay(2, 9, 0.4), 1);
  t.equal(stay(9, 11, 0.9), 0);
  t.equal(stay(11, 13, 0.4), 0);
  t.equal(stay(13, 20, 0.4), 1);
});
