import t from 'tap';
import { backoff } from '../../src/timing/backoff.js';

function first(count: number, random: number): number[] {
  const delays = backoff({ initialMs: 100, factor: 2, maxMs: 1000, jitter: 0.5 }, () => random);
  return Array.from({ length: count }, () => delays.next().value);
}

t.test('delays grow by the factor up to the maximum', async (t) => {
  t.same(first(6, 0), [100, 200, 400, 800, 1000, 1000]);
});

t.test('chance takes away its part at most', async (t) => {
  t.same(first(6, 1), [50, 100, 200, 400, 500, 500]);
});
