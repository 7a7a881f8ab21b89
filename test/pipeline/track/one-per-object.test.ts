import t from 'tap';
import type { Detection } from '../../../src/contract/detection.js';
import { onePerObject } from '../../../src/pipeline/track/matching.js';
import { boxAt } from './actors.js';

const van: Detection = { class: 'car', score: 0.5, box: boxAt(0.5, 0.5, 0.2, 0.2) };

t.test('the best of the confused classes stays', async (t) => {
  const truck = { ...van, class: 'truck', score: 0.6 };
  t.strictSame(onePerObject([van, truck], 0.1), [truck]);
});

t.test('a class that is not confused with it stays beside it', async (t) => {
  const driver = { ...van, class: 'person' };
  t.strictSame(onePerObject([van, driver], 0.1), [van, driver]);
});

t.test('neighbours stay, best first; those below the floor go', async (t) => {
  const other = { ...van, score: 0.9, box: boxAt(0.6, 0.5, 0.2, 0.2) };
  t.strictSame(onePerObject([van, other, { ...van, score: 0.05, box: boxAt(0.1, 0.1, 0.1, 0.1) }], 0.1), [other, van]);
});
