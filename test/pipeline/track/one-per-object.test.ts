import t from 'tap';
import type { Detection } from '../../../src/contract/detection.js';
import { Calibration } from '../../../src/pipeline/track/evidence.js';
import { onePerObject } from '../../../src/pipeline/track/matching.js';
import { Tracker } from '../../../src/pipeline/track/tracker.js';
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

t.test('what a score is worth decides between classes, in a picture and over time', async (t) => {
  const calibration = new Calibration({
    minScore: 0.5,
    calibration: {
      car: { temperature: 0.43, bias: 0.4, minScore: 0.5 },
      truck: { temperature: 0.5, bias: -1.5, minScore: 0.7 },
    },
  });
  const both: Detection[] = [
    { class: 'car', score: 0.6, box: boxAt(0.5, 0.5, 0.2, 0.2) },
    { class: 'truck', score: 0.65, box: boxAt(0.5, 0.5, 0.2, 0.21) },
  ];
  t.match(
    onePerObject(both, 0.25, (one) => calibration.logOdds(one)),
    [{ class: 'car' }],
  );
  const tracker = new Tracker({ calibration, aspect: 16 / 9 });
  // In two of three pictures it is taken for a truck, at scores at which trucks are no surer than that.
  for (let i = 0; i < 30; i += 1) tracker.step([both[i % 3 === 0 ? 0 : 1] as Detection], i / 10);
  t.match(tracker.tracks, [{ class: 'car' }]);
});
