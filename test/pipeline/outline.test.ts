import t from 'tap';
import type { Box, Point } from '../../src/contract/geometry.js';
import type { TakenPicture } from '../../src/pipeline/capture/preparation.js';
import { mostCorners, outlineOf } from '../../src/pipeline/outline.js';
import { Outliner } from '../../src/pipeline/outliner.js';
import type { Logits } from '../../src/pipeline/segmenter.js';
import { randomFrom } from '../support/random.js';

const labels = new Set([1]);

/** Logits of background and one class, 40 x 24 cells of which all are covered. @param isObject by the middle of a cell, fractions */
function logitsOf(isObject: (x: number, y: number) => boolean, columns = 40, rows = 24): Logits {
  const values = new Float32Array(2 * rows * columns);
  for (let cell = 0; cell < rows * columns; cell += 1) {
    const inside = isObject(((cell % columns) + 0.5) / columns, (Math.floor(cell / columns) + 0.5) / rows);
    values[cell] = inside ? -4 : 4;
    values[rows * columns + cell] = inside ? 4 : -4;
  }
  return { values, channels: 2, rows, columns, covered: { width: columns, height: rows } };
}

function isInside([left, top, right, bottom]: Box): (x: number, y: number) => boolean {
  return (x, y) => x >= left && x <= right && y >= top && y <= bottom;
}

/** By the shoelace formula. */
function areaOf(polygon: readonly Point[]): number {
  const twice = polygon.map(([x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as Point;
    return x * nextY - nextX * y;
  });
  return Math.abs(twice.reduce((a, b) => a + b, 0)) / 2;
}

function boundsOf(polygon: readonly Point[]): Box {
  const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

t.test('a rectangle is outlined by its four corners, to a quarter of a cell', async (t) => {
  const box: Box = [0.25, 0.25, 0.5, 0.75];
  const found = outlineOf(logitsOf(isInside(box)), labels, box);
  if (found === undefined) return t.fail('nothing was found');
  const { polygon, area, foot } = found;
  t.ok(polygon.length >= 4 && polygon.length <= 8, `${polygon.length} corners`);
  for (const [i, edge] of boundsOf(polygon).entries())
    t.ok(Math.abs(edge - (box[i] ?? 0)) < 0.01, `edge ${i}: ${edge}`);
  t.ok(Math.abs(area - 0.125) < 0.006, `area ${area}`);
  t.ok(Math.abs(areaOf(polygon) - area) < 0.005, 'the polygon encloses it');
  t.ok(Math.hypot(foot[0] - 0.375, foot[1] - 0.75) < 0.01, `foot ${foot}`);
});

t.test('the foot is where the outline is lowest, not the middle of the box', async (t) => {
  // An L turned upside down: a beam, and one leg at its right.
  const isObject = (x: number, y: number) =>
    isInside([0.2, 0.2, 0.8, 0.5])(x, y) || isInside([0.65, 0.2, 0.8, 0.9])(x, y);
  const { foot = [0, 0] } = outlineOf(logitsOf(isObject), labels, [0.2, 0.2, 0.8, 0.9]) ?? {};
  t.ok(Math.abs(foot[0] - 0.725) < 0.02 && Math.abs(foot[1] - 0.9) < 0.02, `foot ${foot}`);
});

t.test('of two objects of a kind the one in the box is outlined; what is too little of it is none', async (t) => {
  const [left, right]: Box[] = [
    [0.1, 0.2, 0.3, 0.8],
    [0.6, 0.2, 0.9, 0.8],
  ];
  const logits = logitsOf((x, y) => isInside(left as Box)(x, y) || isInside(right as Box)(x, y));
  const bounds = boundsOf(outlineOf(logits, labels, right as Box)?.polygon ?? []);
  t.ok(bounds[0] > 0.55 && bounds[2] < 0.95, `${bounds}`);
  t.equal(outlineOf(logits, labels, [0.35, 0.2, 0.55, 0.8]), undefined, 'a box between them');
});

t.test('whatever the mask: few corners, inside the picture, about the area', async (t) => {
  const random = randomFrom(3);
  for (let i = 0; i < 100; i += 1) {
    const blobs = Array.from({ length: 6 }, () => [random(), random(), 0.05 + 0.3 * random()]);
    const isObject = (x: number, y: number) =>
      blobs.some(([cx = 0, cy = 0, radius = 0]) => Math.hypot(x - cx, y - cy) < radius) || random() < 0.1;
    const found = outlineOf(logitsOf(isObject), labels, [0, 0, 1, 1]);
    if (found === undefined) continue;
    t.ok(found.polygon.length >= 3 && found.polygon.length <= mostCorners, `${i}: ${found.polygon.length} corners`);
    t.ok(
      found.polygon.flat().every((value) => value >= 0 && value <= 1),
      `${i}: inside`,
    );
    t.ok(areaOf(found.polygon) > 0.6 * found.area, `${i}: ${areaOf(found.polygon)} of ${found.area}`); // it has holes, too
  }
});

/** A segmenter that takes so long for a picture. */
function segmenterOf(ms: number) {
  const logits = logitsOf(isInside([0.25, 0.25, 0.5, 0.75]));
  return { inferenceMs: ms, classes: ['truck', 'dog'], takes: () => true, segment: async () => logits };
}

const picture = { tensor: {} } as TakenPicture;

t.test('there is no outline where it would take the time of the next picture, which is counted', async (t) => {
  let now = 0;
  let spare = 10;
  const outliner = new Outliner({ segmenter: () => segmenterOf(40), spareMs: () => spare, now: () => now });
  t.ok(await outliner.look(picture), 'nobody knows what it takes');
  now += 100;
  t.equal(await outliner.look(picture), undefined);
  t.equal(outliner.skipped, 1);
  spare = 41;
  t.ok(await outliner.look(picture), 'there is time');
  spare = 10;
  now += 31_000;
  t.ok(await outliner.look(picture), 'it is tried again after a while');
  t.equal(outliner.skipped, 1);
});

t.test('outlines are of the class’s kind, and of the whole picture where a part is analysed', async (t) => {
  const outliner = new Outliner({ segmenter: () => segmenterOf(1), spareMs: () => 1e9 });
  const find = await outliner.look({ ...picture, region: [0.5, 0.5, 1, 1] });
  const van = find?.('car', [0.625, 0.625, 0.75, 0.875]);
  t.ok(Math.abs((van?.area ?? 0) - 0.125 / 4) < 0.002, 'what one calls a car another one calls a truck');
  t.ok(Math.hypot((van?.foot[0] ?? 0) - 0.6875, (van?.foot[1] ?? 0) - 0.875) < 0.01, `foot ${van?.foot}`);
  t.equal(find?.('person', [0.625, 0.625, 0.75, 0.875]), undefined);
});
