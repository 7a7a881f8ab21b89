import t from 'tap';
import { Calibration } from '../../../src/pipeline/track/evidence.js';
import { Tracker } from '../../../src/pipeline/track/tracker.js';
import { car, detect, person } from './actors.js';

const parked = car(() => [0.5, 0.5]);
const walker = person((s) => [0.1 + 0.1 * s, 0.5]);

function tracked(seconds: number, actors = [parked]): Tracker {
  const tracker = new Tracker({ calibration: new Calibration({ minScore: 0.4 }), aspect: 16 / 9 });
  for (let frame = 0; frame <= seconds * 10; frame += 1) tracker.step(detect(actors, frame / 10), frame / 10);
  return tracker;
}

t.test('an hour of still pictures ends no track; empty ones do', async (t) => {
  const resting = tracked(1);
  for (let frame = 11; frame < 36_000; frame += 1) resting.rest(frame / 10);
  resting.step(detect([parked], 3600), 3600);
  t.equal(resting.tracks.length, 1);
  t.match(resting.tracks[0], { confirmed: true, seen: true, stationary: true, firstSeen: 0 });
  t.strictSame(resting.ended, []);

  const empty = tracked(1);
  for (let frame = 11; frame < 200; frame += 1) empty.step([], frame / 10);
  t.equal(empty.tracks.length, 0);
});

t.test('what walked and stopped is where it stopped, and goes on from there', async (t) => {
  const tracker = tracked(2, [walker]);
  const before = [...(tracker.tracks[0]?.expected ?? [])];
  for (let frame = 21; frame <= 80; frame += 1) tracker.rest(frame / 10);
  t.strictSame([...(tracker.tracks[0]?.expected ?? [])], before);
  t.ok(tracker.tracks[0]?.stationary);
  for (let frame = 81; frame <= 100; frame += 1) tracker.step(detect([walker], (frame - 60) / 10), frame / 10);
  t.equal(tracker.tracks.length, 1, 'still the same');
  t.equal(tracker.tracks[0]?.firstSeen, 0);
});

t.test('still pictures confirm nothing, and what was unseen stays so', async (t) => {
  const tracker = new Tracker({ calibration: new Calibration({ minScore: 0.4 }), aspect: 16 / 9 });
  t.ok(tracker.settled, 'nothing to learn of an empty scene');
  tracker.step(detect([parked], 0), 0);
  t.notOk(tracker.settled, 'a first sight wants a second');
  for (let frame = 1; frame < 8; frame += 1) tracker.rest(frame / 10);
  t.equal(tracker.tracks[0]?.confirmed, false);

  const gone = tracked(1);
  t.ok(gone.settled);
  gone.step([], 1.1);
  t.notOk(gone.settled, 'one that is missed is looked for');
  for (let frame = 12; frame < 140; frame += 1) gone.rest(frame / 10);
  t.equal(gone.tracks.length, 0);
});
