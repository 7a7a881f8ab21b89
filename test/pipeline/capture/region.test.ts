import t from 'tap';
import { pixelRegion } from '../../../src/pipeline/capture/region.js';

t.test('a region lies inside the picture, also of one with odd sides', (t) => {
  const edges = [0, 0.1, 0.333, 0.5, 0.9, 0.998, 0.9995, 1];
  for (const picture of [
    { width: 1919, height: 1079 },
    { width: 1920, height: 1080 },
    { width: 33, height: 3 },
  ]) {
    for (const left of edges) {
      for (const right of edges.filter((edge) => edge >= left)) {
        const { x, y, width, height } = pixelRegion([left, left, right, right], picture);
        const inside = x >= 0 && y >= 0 && x + width <= picture.width && y + height <= picture.height;
        t.ok(inside && width >= 2 && height >= 2 && x % 2 === 0 && y % 2 === 0, `${x}+${width}, ${y}+${height}`);
      }
    }
  }
  t.end();
});
