import t from 'tap';
import { type CameraSettings, settingsSchema } from '../../src/config/schema.js';
import { observation } from '../../src/contract/event.js';
import { cameraState } from '../../src/contract/status.js';
import { cameraSettings } from '../support/settings.js';
import { makeScene, play, Transcript, timeOf, utcAtStart } from './scene-play.js';
import { car, detect, person } from './track/actors.js';

const walker = person((s) => [0.1 + 0.1 * s, 0.5]);
const parked = car(() => [0.5, 0.5]);
const middle = { from: [0.5, 0], to: [0.5, 1] } as { from: [number, number]; to: [number, number] };
const rightHalf = {
  polygon: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ] as [number, number][],
};

t.test('one walk: new, updates, end, each a valid observation', async (t) => {
  const record = play(makeScene(), { actors: [walker], seconds: 8 });
  t.strictSame(record.types(), ['new', 'update', 'update', 'update', 'end']);
  for (const o of record.observations) t.strictSame(observation.parse(o), o);
  for (const state of record.states) t.strictSame(cameraState.parse(state), state);
  const [first] = record.observations;
  t.match(first, {
    camera: 'street',
    id: 'a1-1',
    class: 'person',
    score: 0.8,
    stationary: false,
    ageMs: 200,
    capturedMonotonicMs: 5_000_200,
    capturedAt: new Date(utcAtStart + 200).toISOString(),
    box: [0.09, 0.35, 0.15, 0.65],
    zones: [],
  });
  t.ok(Math.abs((record.of('update').at(-1)?.speed ?? 0) - 0.1) < 0.005);
});

t.test('what is shown of a picture: seen for sure, seen faintly, not seen', async (t) => {
  const scene = makeScene();
  const look = (frame: number, score: number) =>
    detect([walker], frame / 10).flatMap((one) => (score > 0 ? [{ ...one, score }] : []));
  for (let frame = 0; frame < 20; frame++) scene.observe(look(frame, 0.8), timeOf(frame / 10));
  t.match(scene.shown, [{ id: 'a1-1', seen: true, sure: true }]);
  scene.observe(look(20, 0.26), timeOf(2));
  t.match(scene.shown, [{ id: 'a1-1', seen: true, sure: false }]);
  scene.observe([], timeOf(2.1));
  t.match(scene.shown, [{ id: 'a1-1', seen: false, sure: false }]);
});

t.test('end tells when it was last seen, not when it was given up', async (t) => {
  const scene = makeScene();
  const record = new Transcript();
  for (let frame = 0; frame < 60; frame++) {
    const now = frame / 10;
    record.add(scene.observe(now <= 1.5 ? detect([walker], now) : [], timeOf(now)));
  }
  t.strictSame(record.types(), ['new', 'end']);
  t.match(record.of('end'), [{ reason: 'gone', capturedMonotonicMs: 5_001_500, ageMs: 1500 }]);
  t.equal(record.of('end')[0]?.capturedAt, new Date(utcAtStart + 1500).toISOString());
});

t.test('nothing is told whose best score is lower than the camera’s own minimum', async (t) => {
  const told = (minScore: number) => play(makeScene({ minScore }), { actors: [walker], seconds: 8 }).types();
  t.strictSame(told(0.79).at(0), 'new', 'a walker at .8');
  t.strictSame(told(0.81), []);
});

t.test('nothing is told of what is seen twice only', async (t) => {
  const record = play(makeScene(), { actors: [walker], seconds: 5, alter: (d, frame) => (frame < 2 ? d : []) });
  t.strictSame(record.observations, []);
  t.strictSame(record.shots, []);
});

t.test('numbers are short', async (t) => {
  const record = play(makeScene({ lines: { middle }, zones: { rightHalf } }), {
    actors: [person((s) => [0.1234567 + 0.0987654321 * s, 0.5123456789])],
    seconds: 8.123,
    fps: 9.7,
    alter: (d) => d.map((one) => ({ ...one, score: 0.7654321 })),
  });
  t.notMatch(JSON.stringify(record.observations), /\d\.\d{5}/);
});

t.test('a line is crossed once, with the counts of its class', async (t) => {
  const record = play(makeScene({ lines: { middle } }), {
    actors: [
      walker,
      person((s) => [0.02 + 0.1 * s, 0.3]),
      person((s) => [0.95 - 0.1 * s, 0.7]),
      car((s) => [0.1 + 0.1 * s, 0.15]),
    ],
    seconds: 8,
  });
  const told = record.of('crossing').map((o) => [o.class, o.direction, o.counts['a-to-b'], o.counts['b-to-a']]);
  t.strictSame(told, [
    ['person', 'b-to-a', 0, 1],
    ['car', 'b-to-a', 0, 1],
    ['person', 'a-to-b', 1, 1],
    ['person', 'b-to-a', 1, 2],
  ]);
});

t.test('a line that was crossed before the track was confirmed is told right after new', async (t) => {
  const line = { from: [0.13, 0], to: [0.13, 1] } as typeof middle;
  const record = play(makeScene({ lines: { line } }), { actors: [person((s) => [0.1 + 0.2 * s, 0.5])], seconds: 2 });
  t.strictSame(record.types().slice(0, 2), ['new', 'crossing']);
});

t.test('who goes out of sight just behind a line has crossed it', async (t) => {
  const line = { from: [0.3, 0], to: [0.3, 1] } as typeof middle;
  const record = play(makeScene({ lines: { line } }), {
    actors: [person((s) => (s > 2.05 ? undefined : [0.1 + 0.1 * s, 0.5]))],
    seconds: 6,
    alter: (d, frame) => (frame === 20 ? d.map((one) => ({ ...one, box: [0.272, 0.35, 0.332, 0.65] })) : d),
  });
  t.strictSame(record.types(), ['new', 'crossing', 'end']);
});

t.test('a car that is parked on a line never crosses it', async (t) => {
  const record = play(makeScene({ lines: { middle } }), {
    actors: [car((s) => [0.5 + 0.01 * Math.sin(40 * s), 0.5])],
    seconds: 60,
  });
  t.strictSame(record.types(), ['new', 'update', 'end']);
});

t.test('line and zone look at their classes only', async (t) => {
  const record = play(
    makeScene({
      lines: { middle: { ...middle, classes: ['car'] } },
      zones: { rightHalf: { ...rightHalf, classes: ['car'] } },
    }),
    { actors: [walker], seconds: 8 },
  );
  t.strictSame(
    record.types().filter((type) => type !== 'update'),
    ['new', 'end'],
  );
});

t.test('into a zone, a stay, out of it', async (t) => {
  const record = play(makeScene({ zones: { rightHalf: { ...rightHalf, dwellSeconds: 1.5 } } }), {
    actors: [person((s) => [0.5 + 0.3 * Math.sin((s - 2) * 0.5), 0.5])],
    seconds: 11,
  });
  const moves = record.observations.filter((o) => ['enter', 'dwell', 'leave'].includes(o.type));
  t.match(moves, [
    { type: 'enter', zone: 'rightHalf', zones: ['rightHalf'] },
    { type: 'dwell', zone: 'rightHalf', zones: ['rightHalf'] },
    { type: 'leave', zone: 'rightHalf', zones: [] },
  ]);
  const [entered, , left] = moves;
  const stay = (left?.capturedMonotonicMs ?? 0) - (entered?.capturedMonotonicMs ?? 0);
  t.equal(record.of('leave')[0]?.dwellMs, Math.round(stay));
  t.ok(Math.abs(stay - Math.PI * 2000) < 400, `${stay} ms`);
});

t.test('who appears in a zone enters it, and leaves it before his end', async (t) => {
  const record = play(makeScene({ zones: { rightHalf } }), { actors: [parked, car(() => [0.8, 0.8])], seconds: 2 });
  t.strictSame(record.types('a1-2'), ['new', 'enter', 'leave', 'end']);
  t.strictSame(record.of('new')[1]?.zones, ['rightHalf']);
});

t.test('counts are told when they change, and the first time', async (t) => {
  const record = play(makeScene({ zones: { rightHalf } }), { actors: [walker], seconds: 14 });
  t.strictSame(
    record.states.map(({ counts, zones }) => [counts, zones]),
    [
      [{}, { rightHalf: {} }],
      [{ person: 1 }, { rightHalf: {} }],
      [{ person: 1 }, { rightHalf: { person: 1 } }],
      [{ person: 0 }, { rightHalf: { person: 0 } }],
    ],
  );
});

t.test('no update without news', async (t) => {
  const record = play(makeScene(), { actors: [parked], seconds: 120 });
  t.strictSame(record.types(), ['new', 'update', 'end'], 'the one update: it has become stationary');
  t.equal(record.of('update')[0]?.stationary, true);
});

t.test('updates keep their distance', async (t) => {
  const record = play(makeScene(), { actors: [person((s) => [0.5 + 0.4 * Math.sin(s), 0.5])], seconds: 30 });
  const times = [...record.of('new'), ...record.of('update')].map((o) => o.capturedMonotonicMs);
  const distances = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  t.ok(distances.length > 5);
  t.ok(Math.min(...distances) >= 2000, `${Math.min(...distances)}`);
});

t.test('a shot at new, and another one when it is clearly better seen', async (t) => {
  const score = (frame: number) => (frame < 30 ? 0.7 : frame < 60 ? 0.75 : 0.9);
  const record = play(makeScene(), {
    actors: [parked],
    seconds: 9,
    alter: (d, frame) => d.map((one) => ({ ...one, score: score(frame) })),
  });
  t.strictSame(record.shots, [
    { track: 'a1-1', class: 'car', box: [0.41, 0.43, 0.59, 0.57] },
    { track: 'a1-1', class: 'car', box: [0.41, 0.43, 0.59, 0.57] },
  ]);
});

t.test('a best score that came too soon after an update is told with the next', async (t) => {
  const record = play(makeScene(), {
    actors: [parked],
    seconds: 2.8,
    alter: (d, frame) => d.map((one) => ({ ...one, score: frame === 10 ? 0.9 : 0.7 })),
  });
  t.match(record.of('update'), [{ bestScore: 0.9, score: 0.7, capturedMonotonicMs: 5_002_200 }]);
  t.equal(record.shots.length, 1, 'that picture is gone');
});

t.test('a zone entered with a small step is news too', async (t) => {
  const record = play(makeScene({ zones: { rightHalf } }), {
    actors: [car((s) => [s < 1 ? 0.48 : 0.52, 0.5])],
    seconds: 2.8,
  });
  t.strictSame(record.types(), ['new', 'enter', 'update', 'leave', 'end']);
});

t.test('a parked car that is given up just beyond a line has not crossed it', async (t) => {
  const record = play(makeScene({ lines: { middle } }), {
    actors: [car((s) => [s < 8 ? 0.499 : 0.502, 0.5])],
    seconds: 9,
  });
  t.strictSame(record.types(), ['new', 'update', 'end']);
});

t.test('only wanted classes are told of, and a wanted one is not lost when it is mistaken', async (t) => {
  const scene = makeScene({ classes: ['car'] });
  const record = play(scene, {
    actors: [walker, car((s) => [0.1 + 0.1 * s, 0.2])],
    seconds: 7,
    alter: (d, frame) => d.map((one) => (one.class === 'car' && frame % 3 > 0 ? { ...one, class: 'truck' } : one)),
  });
  t.strictSame([...new Set(record.observations.map((o) => o.class))], ['car']);
  t.equal(record.of('new').length, 1);
  const trucks = play(makeScene({ classes: ['car'] }), {
    actors: [{ ...parked, class: 'truck' }],
    seconds: 3,
  });
  t.strictSame(trucks.observations, []);
  t.equal(trucks.states.length, 1);
});

t.test('a class that loses the vote is an update', async (t) => {
  const record = play(makeScene(), {
    actors: [parked],
    seconds: 12,
    alter: (d, frame) => (frame < 10 ? d : d.map((one) => ({ ...one, class: 'truck' }))),
  });
  t.equal(record.of('new')[0]?.class, 'car');
  t.equal(record.of('end')[0]?.class, 'truck');
  t.strictSame(
    record.of('update').map((o) => [o.class, o.stationary]),
    [
      ['truck', false],
      ['truck', true],
    ],
  );
  t.strictSame(record.states.at(-2)?.counts, { car: 0, truck: 1 });
});

t.test('the camera’s score comes before the model’s', async (t) => {
  const seenWith = (minScore?: number) =>
    play(makeScene(minScore === undefined ? {} : { minScore }), {
      actors: [parked],
      seconds: 2,
      alter: (d) => d.map((one) => ({ ...one, score: 0.7 })),
    }).of('new').length;
  t.equal(seenWith(), 1);
  t.equal(seenWith(0.6), 0);
});

t.test('it goes on after an end, with new ids', async (t) => {
  const scene = makeScene({ zones: { rightHalf } });
  const first = play(scene, { actors: [car(() => [0.8, 0.5])], seconds: 2 });
  t.equal(scene.openTracks, 0);
  t.match(first.of('end'), [{ reason: 'source-ended', id: 'a1-1' }]);
  const again = new Transcript();
  again.add(scene.end('camera-lost', timeOf(3)));
  t.strictSame(again.observations, [], 'ended once');
  for (let frame = 0; frame < 10; frame++) {
    again.add(scene.observe(detect([car(() => [0.8, 0.5])], 0), timeOf(10 + frame / 10)));
  }
  t.equal(scene.openTracks, 1);
  t.strictSame(again.types(), ['new', 'enter']);
  t.equal(again.observations[0]?.id, 'a1-2');
  t.equal(again.observations[0]?.ageMs, 200);
});

t.test('a box that reaches out of the picture is cut', async (t) => {
  const scene = makeScene();
  const record = new Transcript();
  for (let frame = 0; frame < 5; frame++) {
    record.add(scene.observe([{ class: 'car', score: 1, box: [-0.1, 0.5, 0.2, 1.05] }], timeOf(frame / 10)));
  }
  t.strictSame(record.observations[0]?.box, [0, 0.5, 0.2, 1]);
  t.ok(observation.safeParse(record.observations[0]).success);
});

t.test('pictures of another shape end what is open, and zones and lines follow them', async (t) => {
  const scene = makeScene({}, { aspect: 16 / 9 });
  const seen = play(scene, { actors: [person(() => [0.5, 0.5])], seconds: 1 });
  t.strictSame(seen.types(), ['new', 'end']);
  for (let s = 2; s < 3; s += 0.1) scene.observe(detect([person(() => [0.5, 0.5])], s), timeOf(s));
  t.equal(scene.openTracks, 1);
  t.strictSame(scene.reshape(16 / 9, timeOf(3)).observations, [], 'the same shape changes nothing');
  const { observations, state } = scene.reshape(4 / 3, timeOf(3));
  t.match(observations, [{ type: 'end', reason: 'camera-restart' }]);
  t.match(state, { counts: { person: 0 } });
  for (let s = 4; s < 5; s += 0.1) scene.observe(detect([person((at) => [0.1 + 0.1 * (at - 4), 0.5])], s), timeOf(s));
  t.equal(scene.openTracks, 1, 'it goes on');
  const ids = [...seen.observations, ...observations].map(({ id }) => id);
  t.equal(new Set(ids).size, 2, 'ids go on');
});

t.test('zones, lines and classes change while tracks go on', (t) => {
  const whole: [number, number][] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  const { events } = settingsSchema.parse({});
  const scene = makeScene({ zones: { old: { polygon: whole } } });
  const record = new Transcript();
  const actors = [person((s) => [0.2 + 0.1 * s, 0.5])];
  const until = (from: number, to: number) => {
    for (let at = from; at < to; at += 0.1) record.add(scene.observe(detect(actors, at), timeOf(at)));
  };
  const use = (settings: Partial<CameraSettings>, model = { classes: ['person', 'car'], minScore: 0.4 }) =>
    record.add(scene.use({ settings: cameraSettings(settings), events, model }, timeOf(2)));
  until(0, 2);
  t.strictSame(record.types(), ['new', 'enter']);
  const [{ id } = { id: '' }] = record.observations;

  use({ zones: { old: { polygon: whole } } });
  use({ zones: { old: { polygon: whole, dwellSeconds: 1 } } });
  t.strictSame(record.types(), ['new', 'enter'], 'whoever is inside stays inside');
  use({ zones: { next: { polygon: whole } }, lines: { middle: { from: [0.5, 0], to: [0.5, 1] } } });
  t.match(record.observations.at(-1), { type: 'leave', zone: 'old', id });
  t.strictSame(record.states.at(-1)?.zones, { next: {} });
  until(2, 5);
  const types = record.types().filter((type) => type !== 'update');
  t.strictSame(types, ['new', 'enter', 'leave', 'enter', 'crossing']);
  t.ok(record.observations.every((observation) => observation.id === id));

  use({ classes: ['car'] });
  t.match(record.observations.at(-1), { type: 'end', reason: 'detect-off', id });
  t.strictSame(record.states.at(-1), { ...record.states.at(-1), counts: { person: 0 }, zones: {} });
  until(5, 5.5);
  t.equal(scene.openTracks, 0);
  use({});
  until(5.5, 6);
  t.equal(scene.openTracks, 1, 'wanted again');
  use({}, { classes: ['cat'], minScore: 0.4 });
  t.match(record.observations.at(-1), { type: 'end', reason: 'detect-off' }, 'a model that does not know the class');
  t.end();
});
