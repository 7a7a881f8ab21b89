import t from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { isCutBySeam, seamsOf, type Tiling, tilesOf } from '../../../src/pipeline/capture/tiles.js';
import { boxAt, randomFrom } from '../track/actors.js';

const region: Box = [0.2, 0.4, 0.8, 1];

/** How often a box is shown whole. */
function shown(tiling: Tiling, box: Box, area?: Box): number {
  const holds = ([left, top, right, bottom]: Box) =>
    left <= box[0] && top <= box[1] && right >= box[2] && bottom >= box[3];
  return tilesOf(tiling, area).filter((tile) => holds(tile) && !isCutBySeam(box, seamsOf(tile, area))).length;
}

t.test('what is smaller than the overlap less the seams is whole in one of the tiles, wherever it is', async (t) => {
  const random = randomFrom(17);
  for (let i = 0; i < 2000; i += 1) {
    const box = boxAt(random(), random(), 0.06, 0.06);
    t.ok(shown('2x2', box) >= 1 && shown('2x1', box) >= 1, box.join());
    const [left, top, right, bottom] = region;
    const inside = box.map((side, k) => (k % 2 === 0 ? left + side * (right - left) : top + side * (bottom - top)));
    t.ok(shown('2x2', inside as Box, region) >= 1, `of a region: ${inside.join()}`);
  }
});

t.test('what lies across a seam is cut, what ends at a side of the area is not', async (t) => {
  const [leftTop, rightTop] = tilesOf('2x2') as [Box, Box];
  t.notOk(isCutBySeam([0, 0, 0.2, 0.2], seamsOf(leftTop)), 'in the corner of the picture');
  t.ok(isCutBySeam([0.3, 0.1, leftTop[2] - 0.003, 0.3], seamsOf(leftTop)), 'up to the seam');
  t.ok(isCutBySeam([0.3, 0.1, 0.4, leftTop[3]], seamsOf(leftTop)), 'down to the other');
  t.notOk(isCutBySeam([0.8, 0.1, 1, 0.3], seamsOf(rightTop)));
  t.ok(isCutBySeam([rightTop[0], 0.1, 0.6, 0.3], seamsOf(rightTop)));
  const [, ofRegion] = tilesOf('2x1', region) as [Box, Box];
  t.notOk(isCutBySeam([0.7, 0.5, 0.8, 1], seamsOf(ofRegion, region)), 'the region’s sides are no seams');
});

t.test('two tiles side by side are as high as the area, and four are half of it', async (t) => {
  const [left, right] = tilesOf('2x1');
  t.strictSame(left, [0, 0, 0.55, 1]);
  t.match([right?.[0].toFixed(2), right?.[1], right?.[3]], ['0.45', 0, 1]);
  t.equal(tilesOf('2x2').length, 4);
});
