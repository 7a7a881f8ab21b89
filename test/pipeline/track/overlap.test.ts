import t from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { distanceIou } from '../../../src/pipeline/track/overlap.js';

t.test('what lies as far below as beside is as far away, whatever the shape of the picture', async (t) => {
  const aspect = 16 / 9;
  const square: Box = [0.4, 0.4, 0.5, 0.4 + 0.1 * aspect];
  const beside: Box = [0.6, square[1], 0.7, square[3]];
  const below: Box = [0.4, square[1] + 0.2 * aspect, 0.5, square[3] + 0.2 * aspect];
  const distance = distanceIou(square, beside, 0, aspect);
  t.ok(Math.abs(distance - distanceIou(square, below, 0, aspect)) < 1e-9);
  t.ok(Math.abs(distance + 0.2 ** 2 / (0.3 ** 2 + 0.1 ** 2)) < 1e-9, 'Zheng et al. 2020, equation 5');
});
