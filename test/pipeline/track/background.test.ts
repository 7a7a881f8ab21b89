import t from 'tap';
import type { Detection } from '../../../src/contract/detection.js';
import type { Box } from '../../../src/contract/geometry.js';
import { Calibration } from '../../../src/pipeline/track/evidence.js';
import { Tracker } from '../../../src/pipeline/track/tracker.js';
import { boxAt, randomFrom } from './actors.js';

const bollard = boxAt(0.8, 0.7, 0.04, 0.13);

/** Each picture of some seconds, ten a second. */
function play(tracker: Tracker, detections: (frame: number) => Detection[], seconds: number, from: number): void {
  for (let frame = 0; frame < seconds * 10; frame++) tracker.step(detections(frame), from + frame / 10);
}

function seenAt(score: number, box: Box = bollard, name = 'dog'): Detection {
  return { class: name, score, box };
}

/** A camera that has looked at a bollard for a minute, which is a dog at scores of .4 to .7. */
function learnt(): Tracker {
  const random = randomFrom(3);
  const tracker = new Tracker({ calibration: new Calibration({ minScore: 0.6 }), aspect: 16 / 9 });
  play(tracker, () => [seenAt(0.4 + 0.3 * random())], 60, 0);
  return tracker;
}

t.test('what stands and is never sure is learnt, and begins no track', async (t) => {
  const tracker = learnt();
  t.match(tracker.background.learnt, [{ class: 'dog', box: bollard }]);
  t.strictSame(tracker.tracks, []);
  t.ok(tracker.settled, 'and the network is not asked to look again');
});

t.test('who passes by is told, and nothing of the place goes with him', async (t) => {
  const tracker = learnt();
  play(tracker, (i) => [seenAt(0.6), seenAt(0.8, boxAt(0.5 + 0.01 * i, 0.7, 0.08, 0.2), 'dog')], 4, 60);
  t.equal(tracker.tracks.filter(({ confirmed }) => confirmed).length, 1);
  t.equal(tracker.background.learnt.length, 1);
});

t.test('a sure detection there, or none for ten minutes, is a change', async (t) => {
  const sure = learnt();
  play(sure, () => [seenAt(0.95)], 1, 60);
  t.strictSame(sure.background.learnt, []);
  t.equal(sure.tracks[0]?.confirmed, true);
  const gone = learnt();
  play(gone, () => [], 590, 60);
  t.equal(gone.background.learnt.length, 1);
  play(gone, () => [], 20, 650);
  t.equal(gone.background.learnt.length, 0);
});

t.test('it is forgotten on demand, and what moved is not learnt', async (t) => {
  const tracker = learnt();
  tracker.background.clear();
  t.strictSame(tracker.background.learnt, []);
  const walked = new Tracker({ calibration: new Calibration({ minScore: 0.6 }), aspect: 16 / 9 });
  play(walked, (i) => [seenAt(0.3, boxAt(0.1 + 0.002 * i, 0.5, 0.04, 0.13))], 40, 0);
  t.strictSame(walked.background.learnt, []);
});
