import t from 'tap';
import type { Detection } from '../../src/contract/detection.js';
import type { ExplainedCandidate } from '../../src/contract/explanation.js';
import type { Box, Point } from '../../src/contract/geometry.js';
import type { Scene } from '../../src/pipeline/scene.js';
import { makeScene, timeOf } from './scene-play.js';
import { boxAt, randomFrom } from './track/actors.js';

/** A picture of 640x360 covers so much of an input of 320x192. */
const input = { width: 320, height: 180 };

/** Shows the scene the same detections for some seconds, ten pictures a second. */
function show(scene: Scene, detections: (frame: number) => Detection[], seconds: number, from = 0): void {
  for (let frame = 0; frame < seconds * 10; frame++) {
    scene.observe(detections(frame), timeOf(from + frame / 10), input);
  }
}

function explained(scene: Scene, now: number, seconds = 600): ExplainedCandidate[] {
  return scene.explain(seconds, timeOf(now)).candidates;
}

const standing = (score: number, box: Box = boxAt(0.5, 0.5, 0.1, 0.4), name = 'person') => [
  { class: name, score, box },
];

t.test('one who is told names the track', async (t) => {
  const scene = makeScene();
  show(scene, () => standing(0.9), 2);
  t.match(explained(scene, 2), [{ reason: null, track: 'a1-1', pictures: 20, bestScore: 0.9, class: 'person' }]);
});

t.test('each other is told why not', async (t) => {
  const reasonOf = (detections: (frame: number) => Detection[], seconds = 2, settings = {}) => {
    const scene = makeScene(settings, { model: { minScore: 0.6 } });
    show(scene, detections, seconds);
    return explained(scene, seconds).map(({ reason, detail }) => `${reason}: ${detail}`);
  };
  const person9px = boxAt(0.5, 0.5, 4 / 640, 9 / 360);
  t.match(
    reasonOf(() => standing(0.15, person9px)),
    [/^too-small: at most [45] pixels .*input of 1152x6(40|72) would show 16/],
  );
  t.match(
    reasonOf(() => standing(0.9, boxAt(0.5, 0.5, 0.1, 0.4), 'car'), 2, { classes: ['person'] }),
    [/^class: car is not/],
  );
  t.match(
    reasonOf(() => standing(0.2)),
    [/^score: its best score is 0.2/],
  );
  t.match(
    reasonOf(() => standing(0.5)),
    [/^evidence: .*% sure, 95 % are needed, or 85 % for three seconds: seen in 20 pictures, .*did not move/],
  );
  t.match(
    reasonOf(() => standing(0.5), 20),
    [/^background: /],
  );
  t.match(
    reasonOf(() => [...standing(0.9), ...standing(0.4, boxAt(0.5, 0.5, 0.1, 0.35), 'dog')]),
    [/^null: told/, /^same-object: track a1-1/],
  );
});

t.test('pictures that the motion gate spared the network, and pictures that are too few', async (t) => {
  const gated = makeScene();
  gated.observe(standing(0.5), timeOf(0), input);
  for (let frame = 1; frame < 10; frame++) gated.rest(timeOf(frame / 10));
  t.match(explained(gated, 1), [{ reason: 'motion-gate' }]);
  const slow = makeScene();
  for (const at of [0, 1]) slow.observe(standing(0.9), timeOf(at), input);
  t.match(explained(slow, 1), [{ reason: 'rate', detail: /2 pictures, 1 s apart/ }]);
});

t.test('a region is named: outside it nobody looks, so there are no candidates', async (t) => {
  const { notes } = makeScene({ region: [0, 0, 0.5, 1] }).explain(60, timeOf(0));
  t.match(notes, [/outside the region 0, 0, 0.5, 1/]);
});

t.test('only the time that was asked for, and never more than its bounds', async (t) => {
  const random = randomFrom(7);
  const scene = makeScene();
  show(scene, () => standing(0.9, boxAt(0.1, 0.5, 0.1, 0.4)), 2);
  const noise = () =>
    Array.from({ length: 20 }, () => standing(0.1 + 0.1 * random(), boxAt(random(), random(), 0.02, 0.03))).flat();
  show(scene, noise, 30, 10);
  const all = explained(scene, 40);
  t.equal(all.length, 100);
  t.ok(
    all.some(({ reason }) => reason === null),
    'noise drives out no object',
  );
  t.ok(all.every(({ scores }) => scores.length <= 32));
  t.notOk(explained(scene, 40, 20).some(({ reason }) => reason === null));
});

t.test('what nobody wants drives out nothing that somebody asks for', (t) => {
  const scene = makeScene({ classes: ['person'] });
  const low = standing(0.15, boxAt(0.05, 0.05, 0.02, 0.06));
  // A camera that looks fast sees hundreds of cars in the minutes that are asked for.
  const cars = (frame: number) => standing(0.9, boxAt(0.2 + (frame % 3) * 0.3, 0.6, 0.1, 0.1), 'car');
  for (let second = 0; second < 1500; second += 3) {
    scene.observe([...cars(second / 3), ...(second === 0 ? low : [])], timeOf(second), input);
  }
  const all = explained(scene, 1500, 1500);
  t.equal(all.length, 100);
  t.match(
    all.find(({ class: name }) => name === 'person'),
    { bestScore: 0.15, reason: 'too-small' },
  );
  const at = (place: Point) => scene.explain(1500, timeOf(1500), place).candidates;
  t.ok(at([0.5, 0.62]).length > 50 && at([0.5, 0.62]).every(({ box: [left] }) => Math.abs(left - 0.45) < 1e-6));
  t.match(at([0.06, 0.04]), [{ class: 'person' }], 'what was seen at a place, and nothing else');
  t.end();
});

t.test('with tiles it is what the finest of them shows that may be too small', async (t) => {
  const scene = makeScene({ tiles: '2x2' }, { model: { minScore: 0.6 } });
  const looks = [input, ...Array.from({ length: 4 }, () => ({ width: 582, height: 327 }))];
  const seen = (box: Box) => standing(0.2, box);
  const [small, tiny] = [boxAt(0.2, 0.5, 0.015, 0.06), boxAt(0.8, 0.5, 0.005, 0.02)];
  for (let frame = 0; frame < 20; frame += 1) {
    // The last look is one at the whole.
    scene.observe([...seen(small), ...seen(tiny)], timeOf(frame / 10), looks[(frame + 1) % 5]);
  }
  const details = explained(scene, 2).map(({ reason, detail }) => `${reason}: ${detail}`);
  t.ok(
    details.some((one) => one.startsWith('score: ')),
    'eleven pixels in the whole, but twenty in a tile',
  );
  t.ok(
    details.some((one) => /^too-small: at most 7 pixels .*582x327/.test(one)),
    details.join('; '),
  );
});
