import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { Point } from '../../src/contract/geometry.js';
import { geometry } from '../../src/contract/http.js';
import { geometryOf, shapesOf } from '../../web/src/areas/document.js';
import { canFinish, type Draft, isComplete, shapeOfDraft, withCorner } from '../../web/src/areas/draft.js';
import { History } from '../../web/src/areas/history.js';
import {
  cornersOf,
  crossesItself,
  freeName,
  insertCorner,
  moveCorner,
  moveShape,
  nameMistake,
  removeCorner,
  type Shape,
  turnLine,
} from '../../web/src/areas/shapes.js';
import { fitInside, insertionIndex, overlap, polygonContains } from '../../web/src/draw/geometry.js';

const square: Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];
const zone: Shape = { key: 'k', kind: 'zone', name: 'door', points: square, classes: null, dwellSeconds: null };
const coordinate = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 10_000);
const anyPoint = fc.tuple(coordinate, coordinate);
const anyPolygon = fc.array(anyPoint, { minLength: 3, maxLength: 12 });

t.test('history: undo, redo, and a drag that is one step', async (t) => {
  let history = History.of('a').change('b');
  for (const text of ['c1', 'c2', 'c3']) history = history.change(text, 'drag');
  t.equal(history.present, 'c3');
  history = history.undo();
  t.equal(history.present, 'b', 'a gesture is taken back as a whole');
  history = history.redo();
  t.equal(history.present, 'c3');
  t.equal(history.undo().change('d').canRedo, false, 'a new change ends what could be done again');
  t.equal(history.undo().redo().change('c4', 'drag').past.length, 3, 'another drag of that name is a step of its own');
  t.equal(History.of('a').undo().present, 'a');
  let long = History.of(0);
  for (let i = 1; i < 1000; i++) long = long.change(i);
  t.equal(long.past.length, History.limit);
});

t.test('settings survive being drawn', async () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { maxLength: 4 });
  const classes = fc.option(fc.constantFrom(['person'], ['car', 'dog']), { nil: undefined });
  const settings = fc.record({
    zones: names,
    lines: names,
    masks: names,
    polygon: anyPolygon,
    from: anyPoint,
    classes,
  });
  fc.assert(
    fc.property(settings, ({ zones, lines, masks, polygon, from, classes }) => {
      const record = <Value>(keys: string[], value: Value) => Object.fromEntries(keys.map((key) => [key, value]));
      const some = classes && { classes };
      const before = geometry.parse({
        zones: record(zones, { polygon, ...some, dwellSeconds: 5 }),
        lines: record(lines, { from, to: polygon[0], ...some }),
        masks: record(masks, { polygon, ...some }),
        region: [0.1, 0.2, 0.8, 0.9],
      });
      return isDeepStrictEqual(geometryOf(shapesOf(before)), before);
    }),
  );
});

t.test('corners and shapes stay in the picture, whatever is dragged where', async (t) => {
  const far = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(anyPolygon, far, far, fc.nat(), (points, x, y, index) => {
      const shape: Shape = { ...zone, points };
      const changed = [moveShape(shape, x, y), moveCorner(shape, index % points.length, [x, y])];
      return changed.flatMap(cornersOf).every(([left, top]) => left >= 0 && left <= 1 && top >= 0 && top <= 1);
    }),
  );
  const moved = cornersOf(moveShape(zone, 5, 0));
  t.equal(moved[1]?.[0], 1, 'it stops at the edge');
  t.equal(moved[0]?.[0], 0.6, 'and keeps its form');
});

t.test('a region keeps the size that the settings ask for', async () => {
  const region: Shape = { key: 'r', kind: 'region', name: '', box: [0.1, 0.1, 0.9, 0.9] };
  fc.assert(
    fc.property(anyPoint, fc.integer({ min: 0, max: 3 }), (point, corner) => {
      const changed = moveCorner(region, corner, point);
      const [left, top, right, bottom] = (changed as typeof region).box;
      return geometry.safeParse(geometryOf([changed])).success && right - left >= 0.1249 && bottom - top >= 0.1249;
    }),
  );
});

t.test('corners are put where the outline is nearest, and never taken below a triangle', async (t) => {
  t.equal(insertionIndex(square, [0.4, 0.19]), 1);
  t.equal(insertionIndex(square, [0.19, 0.4]), 4);
  const more = insertCorner(zone, [0.4, 0.1]);
  t.strictSame(cornersOf(more)[1], [0.4, 0.1]);
  let less: Shape = zone;
  for (let i = 0; i < 5; i++) less = removeCorner(less, 0);
  t.equal(cornersOf(less).length, 3);
});

t.test('outlines that cross themselves are found', async (t) => {
  const [a, b, c, d] = square as [Point, Point, Point, Point];
  t.equal(crossesItself(square), false);
  t.equal(crossesItself([a, c, b, d]), true);
  t.equal(crossesItself([a, b, c]), false);
});

t.test('names', async (t) => {
  const other: Shape = { ...zone, key: 'other' };
  t.equal(nameMistake([zone], zone), undefined);
  t.equal(nameMistake([zone, other], other), 'taken');
  t.equal(nameMistake([zone], { ...zone, name: 'front door' }), 'signs');
  t.equal(nameMistake([zone], { ...zone, name: '' }), 'empty');
  t.equal(freeName([{ ...zone, name: 'zone-1' }], 'zone', 'zone'), 'zone-2');
});

t.test('drawing: corners, ends, and what is enough', async (t) => {
  let draft: Draft = { kind: 'zone', points: [] };
  for (const point of square) draft = withCorner(draft, point);
  t.equal(withCorner(draft, [0.201, 0.6]), draft, 'a double click is one corner');
  t.ok(canFinish(draft));
  t.equal(isComplete(draft), false);
  t.match(shapeOfDraft(draft, [], 'zone'), { kind: 'zone', name: 'zone-1', points: square });
  const line = withCorner(withCorner({ kind: 'line', points: [] }, [0.1, 0.1]), [0.9, 0.5]);
  t.ok(isComplete(line));
  const drawn = shapeOfDraft(line, [], 'line');
  t.match(drawn, {
    kind: 'line',
    points: [
      [0.1, 0.1],
      [0.9, 0.5],
    ],
  });
  if (drawn?.kind === 'line')
    t.strictSame(turnLine(drawn).points, [
      [0.9, 0.5],
      [0.1, 0.1],
    ]);
  const region = withCorner(withCorner({ kind: 'region', points: [] }, [0.9, 0.9]), [0.5, 0.95]);
  const made = shapeOfDraft(region, [], 'region') as { box: number[] };
  t.strictSame(
    made.box.map((edge) => Number(edge.toFixed(4))),
    [0.5, 0.875, 0.9, 1],
    'large enough, in order',
  );
  t.equal(shapeOfDraft({ kind: 'zone', points: square.slice(0, 2) }, [], 'zone'), undefined);
});

t.test('where pictures and places lie', async (t) => {
  t.strictSame(fitInside({ width: 640, height: 360 }, { width: 640, height: 640 }), {
    left: 0,
    top: 140,
    width: 640,
    height: 360,
  });
  t.equal(polygonContains(square, [0.3, 0.3]), true);
  t.equal(polygonContains(square, [0.7, 0.3]), false);
  t.equal(overlap([0, 0, 0.5, 1], [0, 0, 1, 1]), 0.5);
  t.equal(overlap([0, 0, 0.4, 1], [0.5, 0, 1, 1]), 0);
});
