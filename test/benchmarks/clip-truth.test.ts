import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readTruth, scoreClip, type TimedEvent } from '../../benchmarks/clip-truth.js';
import { observation } from '../support/events.js';

/** Two people at 10 fps in a picture of 1280x720: one on the left for 5 s, one on the right who is away from 2 to 5 s. */
function truthText(): string {
  const boxes = (x: number, frames: number[]) => Object.fromEntries(frames.map((frame) => [frame, [x, 100, 100, 300]]));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  return JSON.stringify({
    ...{ fps: 10, width: 1280, height: 720, frames: 80, ignore: [], annotatedClasses: ['person', 'dog'] },
    tracks: [
      { id: 'a', class: 'person', boxes: boxes(100, range(0, 50)) },
      { id: 'b', class: 'person', boxes: boxes(1000, [...range(0, 20), ...range(50, 80)]) },
    ],
  });
}

const left = [100 / 1280, 100 / 720, 200 / 1280, 400 / 720] as TimedEvent['box'];
const right = [1000 / 1280, 100 / 720, 1100 / 1280, 400 / 720] as TimedEvent['box'];

function event(type: 'new' | 'update', media: number, box: TimedEvent['box'], id: string, name = 'person'): TimedEvent {
  return { ...observation({ type, box, id, class: name }), media } as TimedEvent;
}

t.test('events are scored by class, objects that come back count anew', async (t) => {
  const directory = t.testdir();
  await writeFile(join(directory, 'clip.truth.json'), truthText());
  const truth = await readTruth(join(directory, 'clip.mp4'));
  if (truth === undefined) throw new Error('no truth');
  t.equal(truth.objects.length, 3);
  const scores = scoreClip(truth, [
    event('new', 1, left, '1'),
    event('new', 1, right, '2'),
    event('update', 3, left, '2'), // it went over to the other one
    event('new', 4, left, '3'), // told again
    event('new', 6, left, '4'), // nobody is there any more
    event('new', 6, right, '5', 'dog'), // another class
    event('new', 6, right, '6', 'car'), // a class that nobody has looked for in this clip
  ]);
  t.match(scores, [
    { class: 'dog', news: 1, right: 0, objects: 0, switches: 0 },
    { class: 'person', news: 4, right: 3, objects: 3, told: 2, newPerTold: 1.5, seconds: 1, switches: 1 },
    { class: 'all', news: 5, right: 3, objects: 3, told: 2 },
  ]);
  t.equal(await readTruth(join(directory, 'other.mp4')), undefined);
});

t.test('the demo clip’s truth is one of them', async (t) => {
  const truth = await readTruth('demo/street.mp4');
  t.equal(truth?.objects.length, 11);
});
