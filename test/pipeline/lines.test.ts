import t from 'tap';
import type { LineSettings } from '../../src/config/schema.js';
import type { Direction } from '../../src/contract/event.js';
import type { Point } from '../../src/contract/geometry.js';
import { Line, LineWatch } from '../../src/pipeline/lines.js';
import { randomFrom } from './track/actors.js';

/** Looking from the top to the bottom of the picture: left of it (side a) is the picture's right. */
const down: LineSettings = { from: [0.5, 0.2], to: [0.5, 0.8] };

function crossings(settings: LineSettings, path: readonly Point[], margin = 0.01, aspect = 1): Direction[] {
  const watch = new LineWatch(new Line('road', settings, aspect));
  return path.flatMap(([x, y]) => watch.step(x, y, margin) ?? []);
}

/** Points along a way, ends included. */
function walk(from: Point, to: Point, steps: number): Point[] {
  return Array.from({ length: steps + 1 }, (_, i): Point => {
    const part = i / steps;
    return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
  });
}

t.test('left of the look from `from` to `to` is a', async (t) => {
  t.strictSame(crossings(down, walk([0.9, 0.5], [0.1, 0.5], 9)), ['a-to-b']);
  t.strictSame(crossings(down, walk([0.1, 0.5], [0.9, 0.5], 9)), ['b-to-a']);
  const right: LineSettings = { from: [0.1, 0.5], to: [0.9, 0.5] };
  t.strictSame(crossings(right, walk([0.5, 0.1], [0.5, 0.9], 9)), ['a-to-b'], 'downwards over a line to the right');
  t.strictSame(crossings({ from: right.to, to: right.from }, walk([0.5, 0.1], [0.5, 0.9], 9)), ['b-to-a']);
});

t.test('the sign is that of (to - from) x (p - from)', async (t) => {
  const random = randomFrom(1);
  let wrong = 0;
  for (let i = 0; i < 1000; i++) {
    const from: Point = [random(), random()];
    const to: Point = [random(), random()];
    const p: Point = [random(), random()];
    const cross = (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0]);
    if (Math.sign(new Line('l', { from, to }, 16 / 9).distance(...p)) !== Math.sign(cross)) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('in one long step it is crossed too', async (t) => {
  t.strictSame(
    crossings(down, [
      [0.9, 0.5],
      [0.1, 0.5],
    ]),
    ['a-to-b'],
  );
});

t.test('around its end it is not crossed', async (t) => {
  t.strictSame(crossings(down, walk([0.9, 0.9], [0.1, 0.9], 9)), []);
  t.strictSame(crossings(down, [...walk([0.9, 0.1], [0.1, 0.1], 9), ...walk([0.1, 0.1], [0.1, 0.5], 9)]), []);
  t.strictSame(
    crossings(down, [
      [0.7, 0.9],
      [0.4, 0.78],
    ]),
    [],
    'both near, but the step passes below',
  );
});

t.test('around its end and back through it is one crossing', async (t) => {
  const path = [
    ...walk([0.9, 0.9], [0.1, 0.9], 9),
    ...walk([0.1, 0.9], [0.1, 0.5], 3),
    ...walk([0.1, 0.5], [0.9, 0.5], 9),
  ];
  t.strictSame(crossings(down, path), ['b-to-a']);
});

t.test('jitter on the line counts nothing, going on counts one, going back none', async (t) => {
  const random = randomFrom(2);
  const loiter = Array.from({ length: 300 }, (): Point => [0.5 + 0.018 * (random() - 0.5), 0.5]);
  const come = walk([0.9, 0.5], [0.505, 0.5], 20);
  t.strictSame(crossings(down, [...come, ...loiter, ...walk([0.495, 0.5], [0.1, 0.5], 20)]), ['a-to-b']);
  t.strictSame(crossings(down, [...come, ...loiter, ...walk([0.505, 0.5], [0.9, 0.5], 20)]), []);
});

t.test('a path that rests exactly on the line', async (t) => {
  const on: Point = [0.5, 0.5];
  t.strictSame(crossings(down, [[0.6, 0.5], on, on, [0.4, 0.5]]), ['a-to-b']);
  t.strictSame(crossings(down, [[0.6, 0.5], on, on, [0.6, 0.5]]), []);
  t.strictSame(crossings(down, [on, [0.4, 0.5]]), [], 'who begins on it comes from neither side');
});

t.test('there and back are two', async (t) => {
  t.strictSame(crossings(down, [...walk([0.9, 0.5], [0.1, 0.5], 9), ...walk([0.1, 0.5], [0.9, 0.5], 9)]), [
    'a-to-b',
    'b-to-a',
  ]);
});

t.test('who ends within the margin has crossed when asked at the end', async (t) => {
  const watch = new LineWatch(new Line('road', down, 1));
  for (const [x, y] of walk([0.9, 0.5], [0.495, 0.5], 9)) t.equal(watch.step(x, y, 0.01), undefined);
  t.equal(watch.finish(), 'a-to-b');
  t.equal(watch.finish(), undefined);
});

t.test('500 random walks: crossings alternate, and tell on which side the walk ends', async (t) => {
  const random = randomFrom(3);
  const endless: LineSettings = { from: [0.5, -100 as number], to: [0.5, 100] };
  let wrong = 0;
  for (let round = 0; round < 500; round++) {
    let x = random();
    const path: Point[] = [[x, 0.5]];
    for (let i = 0; i < 100; i++) {
      x += 0.1 * (random() - 0.5);
      path.push([x, 0.5]);
    }
    const seen = crossings(endless, path);
    const alternate = seen.every((direction, i) => i === 0 || direction !== seen[i - 1]);
    const startsA = (path[0] as Point)[0] > 0.5;
    const endsA = seen.length === 0 ? startsA : seen.at(-1) === 'b-to-a';
    const clear = Math.abs(x - 0.5) > 0.01;
    if (!alternate || (clear && endsA !== x > 0.5) || (seen[0] && (seen[0] === 'a-to-b') !== startsA)) wrong++;
  }
  t.equal(wrong, 0);
});
