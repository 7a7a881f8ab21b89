import t from 'tap';
import { type Observation, observation } from '../../src/contract/event.js';
import { OpenTracks } from '../../src/daemon/open-tracks.js';
import { captureTimeNow } from '../../src/timing/monotonic.js';

function seen(type: 'new' | 'update', id: string, ageMs: number): Observation {
  return {
    type,
    camera: 'street',
    id,
    class: 'person',
    score: 0.8,
    bestScore: 0.9,
    box: [0.1, 0.1, 0.2, 0.4],
    zones: ['door'],
    speed: 0.1,
    stationary: false,
    ageMs,
    capturedAt: '2026-11-24T12:00:00.000Z',
    capturedMonotonicMs: 5000,
  };
}

t.test('the tracks of an engine that is gone end, each once, where they were last seen', async (t) => {
  const tracks = new OpenTracks();
  const set = Date.parse('2082-01-01T00:00:00.000Z'); // the board's clock was set meanwhile, by 55 years
  const ended: Observation = { ...seen('update', 'a-1', 500), type: 'end', reason: 'gone' };
  for (const one of [seen('new', 'a-1', 0), seen('new', 'a-2', 0), seen('update', 'a-2', 700), ended]) {
    tracks.follow(one);
  }
  const ends = tracks.end('engine-restart', { monotonicMs: 6500, utcMs: set });
  t.match(ends, [{ type: 'end', reason: 'engine-restart', id: 'a-2', ageMs: 2200, zones: [] }]);
  t.equal(ends[0]?.capturedAt, '2082-01-01T00:00:00.000Z');
  t.equal(ends.length, 1);
  t.ok(observation.safeParse(ends[0]).success, 'it is a valid observation');
  t.strictSame(tracks.end('engine-restart', captureTimeNow()), [], 'none is ended twice');
});

t.test('a track leaves the zones that it is in before it ends', async (t) => {
  const tracks = new OpenTracks();
  const moves = [
    { type: 'enter', zone: 'door', capturedMonotonicMs: 5000 },
    { type: 'enter', zone: 'yard', capturedMonotonicMs: 5400 },
    { type: 'leave', zone: 'door', capturedMonotonicMs: 5600, dwellMs: 600 },
  ] as const;
  tracks.follow(seen('new', 'a-1', 0));
  for (const move of moves) tracks.follow({ ...seen('update', 'a-1', 600), ...move });
  const told = tracks.end('engine-restart', { monotonicMs: 6600, utcMs: Date.parse('2026-11-24T12:00:01.600Z') });
  t.match(told, [
    { type: 'leave', zone: 'yard', dwellMs: 1200 },
    { type: 'end', reason: 'engine-restart' },
  ]);
  t.equal(told.length, 2);
  t.ok(observation.safeParse(told[0]).success, 'it is a valid observation');
});

t.test('a camera that had somebody in view has nobody when the engine is gone, and that is told once', async (t) => {
  const tracks = new OpenTracks();
  const at = '2026-11-24T12:00:00.000Z';
  tracks.count({ camera: 'yard', at, counts: { cat: 1 }, moving: 1, zones: {} });
  tracks.count({ camera: 'yard', at, counts: { cat: 0 }, moving: 0, zones: {} });
  tracks.count({ camera: 'street', at, counts: { person: 2, car: 0 }, moving: 1, zones: { door: { person: 1 } } });
  t.strictSame(tracks.empty({ monotonicMs: 6000, utcMs: Date.parse(at) + 1000 }), [
    {
      camera: 'street',
      at: '2026-11-24T12:00:01.000Z',
      counts: { person: 0, car: 0 },
      moving: 0,
      zones: { door: { person: 0 } },
    },
  ]);
  t.strictSame(tracks.empty(captureTimeNow()), []);
});

t.test('an end that follows a crossing has nothing of the crossing', async (t) => {
  const tracks = new OpenTracks();
  tracks.follow({
    ...seen('update', 'a-1', 0),
    type: 'crossing',
    line: 'road',
    direction: 'a-to-b',
    counts: { 'a-to-b': 1, 'b-to-a': 0 },
  });
  t.notOk('line' in (tracks.end('stopping', captureTimeNow())[0] ?? {}));
});
