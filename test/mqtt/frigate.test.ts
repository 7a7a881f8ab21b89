import { join } from 'node:path';
import t from 'tap';
import type { Event } from '../../src/contract/event.js';
import { Frigate } from '../../src/mqtt/frigate.js';
import type { FrigateReviewMessage } from '../../src/mqtt/frigate-reviews.js';
import type { FrigateTrack } from '../../src/mqtt/frigate-track.js';
import { Publisher } from '../../src/mqtt/publisher.js';
import { brokers, Door, Listener } from '../support/broker.js';
import { observation } from '../support/events.js';
import { startConnected } from '../support/publishing.js';

interface FrigateEvent {
  type: 'new' | 'update' | 'end';
  before: FrigateTrack;
  after: FrigateTrack;
}

function event(values: Partial<Event>): Event {
  const delivery = {
    stream: 's',
    seq: 1,
    publishedAt: '2026-11-25T00:00:00.000Z',
    publishedMonotonicMs: 1,
    replayed: false,
  };
  return { ...observation(), ...delivery, ...values } as Event;
}

t.test('the life of a track, before and after', async (t) => {
  const frigate = new Frigate('frigate');
  let seq = 0;
  const say = (values: Partial<Event>): FrigateEvent => {
    const [first] = frigate.events(event({ seq: ++seq, ...values }));
    t.equal(first?.topic, 'frigate/events');
    return JSON.parse(first?.payload ?? '');
  };
  const appeared = say({ snapshot: 'minspnet/node/street/snapshot/person' });
  t.match(appeared, {
    type: 'new',
    before: { id: 't1' },
    after: {
      id: 't1',
      camera: 'street',
      label: 'person',
      sub_label: null,
      score: 0.8,
      top_score: 0.9,
      false_positive: false,
      start_time: Date.parse('2026-11-25T00:00:00.000Z') / 1000 - 0.4,
      end_time: null,
      box: [128, 144, 384, 288],
      area: 256 * 144,
      ratio: 1.78,
      current_zones: [],
      entered_zones: [],
      has_snapshot: true,
      has_clip: false,
      region: [0, 0, 1280, 720],
      position_changes: 0,
      max_severity: 'alert',
      attributes: {},
      pending_loitering: false,
      snapshot: { region: [0, 0, 1280, 720], attributes: [] },
    },
  });
  const entered = say({ type: 'enter', zone: 'yard', zones: ['yard'] } as Partial<Event>);
  t.match(entered, { type: 'update', before: { current_zones: [] }, after: { current_zones: ['yard'] } });
  const left = say({ type: 'leave', zone: 'yard', dwellMs: 10, zones: [] } as Partial<Event>);
  t.match(left, { type: 'update', before: { current_zones: ['yard'] }, after: { entered_zones: ['yard'] } });
  t.strictSame(left.after.current_zones, []);
  const ended = say({ type: 'end', reason: 'gone', stationary: true } as Partial<Event>);
  t.match(ended, { type: 'end', before: { end_time: null }, after: { stationary: true, active: false } });
  t.equal(ended.after.end_time, ended.after.frame_time);
  t.equal(ended.after.start_time, appeared.after.start_time);
});

t.test('counts: nought for what is not there, zones beside cameras, only what has changed', async (t) => {
  const frigate = new Frigate('frigate');
  const state = {
    camera: 'door',
    at: '',
    counts: { person: 2 },
    moving: 1,
    zones: { yard: { person: 1 }, street: {} },
  };
  const told = frigate.state(state, ['person', 'car'], ['door', 'street']);
  t.strictSame(Object.fromEntries(told.map(({ topic, payload }) => [topic, payload])), {
    'frigate/door/motion': 'ON',
    'frigate/door/person': '2',
    'frigate/door/car': '0',
    'frigate/door/all': '2',
    'frigate/yard/person': '1',
    'frigate/yard/car': '0',
    'frigate/yard/all': '1',
  });
  const later = frigate.state({ ...state, counts: {}, moving: 0 }, ['person', 'car'], ['door', 'street']);
  t.strictSame(later, [
    { topic: 'frigate/door/motion', payload: 'OFF' },
    { topic: 'frigate/door/person', payload: '0' },
    { topic: 'frigate/door/all', payload: '0' },
  ]);
});

t.test('the switches', async (t) => {
  const frigate = new Frigate('frigate');
  t.match(frigate.command('frigate/door/detect/set', 'OFF'), { name: 'detect', camera: 'door', isOn: false });
  t.match(frigate.command('frigate/door/snapshots/set', 'ON'), { name: 'snapshots', isOn: true });
  for (const [topic, payload] of [
    ['frigate/door/detect/set', 'off'],
    ['frigate/door/detect/state', 'OFF'],
    ['frigate/door/motion/set', 'OFF'],
    ['frigate/door/detect/set/more', 'OFF'],
    ['other/door/detect/set', 'OFF'],
  ] as const) {
    t.equal(frigate.command(topic, payload), undefined);
  }
  const stand = () => {
    const told = frigate.switches({ camera: 'door', detect: true, fps: 1, minScore: 0.5 });
    return Object.fromEntries(told.map(({ topic, payload }) => [topic.split('/')[2], payload]));
  };
  t.strictSame(stand(), { detect: 'ON', recordings: 'OFF', snapshots: 'ON' });
  t.equal(frigate.set({ name: 'recordings', camera: 'door', isOn: true }).payload, 'OFF', 'nothing is recorded');
  frigate.set({ name: 'snapshots', camera: 'door', isOn: false });
  t.equal(stand().snapshots, 'OFF');
  t.equal(frigate.snapshotTopic('door', 'person'), undefined);
  const [shown] = frigate.events(event({ camera: 'door', snapshot: 'minspnet/node/door/snapshot/person' }));
  t.match(JSON.parse(shown?.payload ?? ''), { after: { has_snapshot: false, snapshot: null } });
  t.equal(frigate.snapshotTopic('hall', 'person'), 'frigate/hall/person/snapshot');
});

t.test('reviews: of all that moves before a camera at a time', async (t) => {
  const frigate = new Frigate('frigate');
  let seq = 0;
  const say = (values: Partial<Event>): FrigateReviewMessage[] => {
    const told = frigate.events(event({ seq: ++seq, ...values })).slice(1);
    for (const { topic } of told) t.equal(topic, 'frigate/reviews');
    return told.map(({ payload }) => JSON.parse(payload));
  };
  const begun = say({ id: 't1', class: 'dog' });
  t.match(begun, [{ type: 'new', after: { severity: 'detection', end_time: null, data: { objects: ['dog'] } } }]);
  t.strictSame(say({ id: 't1', class: 'dog', type: 'update' }), [], 'nothing new');
  t.match(say({ id: 't2', class: 'person', zones: ['yard'] }), [
    {
      type: 'update',
      before: { severity: 'detection', data: { objects: ['dog'] } },
      after: { severity: 'alert', data: { objects: ['dog', 'person'], detections: ['t1', 't2'], zones: ['yard'] } },
    },
  ]);
  t.strictSame(say({ id: 't1', class: 'dog', type: 'end', reason: 'gone' } as Partial<Event>), []);
  const over = say({ id: 't2', type: 'update', stationary: true });
  t.match(over, [{ type: 'end', after: { severity: 'alert', end_time: Number } }]);
  t.equal(over[0]?.after.id, begun[0]?.after.id);
  t.strictSame(say({ id: 't2', type: 'end', stationary: true } as Partial<Event>), [], 'what stands begins none');
  t.not(say({ id: 't3' })[0]?.after.id, begun[0]?.after.id, 'the next one');
});

t.test('reviews: said again they say the same; nobody is rung for what waited', async (t) => {
  const frigate = new Frigate('frigate');
  const reviews = (values: Partial<Event>) => frigate.events(event(values)).slice(1);
  const begun = reviews({ seq: 1 });
  const ended = reviews({ seq: 2, type: 'end', reason: 'gone' } as Partial<Event>);
  t.strictSame(reviews({ seq: 1, replayed: true }), begun);
  t.strictSame(reviews({ seq: 2, replayed: true }), ended);
  t.strictSame(reviews({ seq: 3, id: 't2', replayed: true }), []);
  t.match(JSON.parse(reviews({ seq: 4, id: 't2', type: 'update' })[0]?.payload ?? ''), { type: 'new' });
});

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}: also Frigate’s events survive an outage, in order, right before ours`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());
    const door = await new Door(() => broker.port).start();
    t.teardown(() => door.stop());
    const listener = await Listener.on(broker.url, '#');
    t.teardown(() => listener.stop());
    const publisher = new Publisher({
      baseTopic: 'minspnet',
      node: 'node',
      mirror: new Frigate('frigate'),
      broker: { url: door.url, connectMs: 2000, backoff: { initialMs: 20, factor: 1.5, maxMs: 100, jitter: 0.5 } },
      outbox: { directory: join(t.testdir(), 'outbox'), maxEvents: 1000, maxBytes: 1e6, fsync: false },
    });
    t.teardown(() => publisher.stop({ timeoutMs: 100 }));
    await startConnected(publisher);
    const available = () => listener.heard.filter(({ topic }) => topic === 'frigate/available').at(-1)?.payload;
    await listener.until(() => String(available()) === 'online');
    const jpeg = Buffer.from([0xff, 0xd8, 0xff]);
    publisher.snapshot({ camera: 'street', track: 't0', class: 'person', jpeg });
    for (let i = 0; i < 20; i++) publisher.observation(observation({ id: `t${i}` }));
    // What was not acknowledged when the door shut comes twice.
    const own = () => new Set(listener.json<{ seq: number }>('minspnet/node/street/events').map(({ seq }) => seq)).size;
    await listener.until(() => own() >= 20);
    door.shut(); // as after a kill -9, the broker says for us that we are gone
    await listener.until(() => String(available()) === 'offline');
    for (let i = 20; i < 40; i++) publisher.observation(observation({ id: `t${i}` }));
    door.open();
    await listener.until(() => own() >= 40);
    await listener.until(() => String(available()) === 'online');
    const ids = listener.json<FrigateEvent>('frigate/events').map(({ after }) => after.id);
    t.strictSame(
      [...new Set(ids)],
      Array.from({ length: 40 }, (_, i) => `t${i}`),
    );
    const first = (topic: string) => listener.heard.findIndex((heard) => heard.topic === topic);
    t.ok(first('frigate/events') < first('minspnet/node/street/events'));
    t.ok(first('frigate/street/person/snapshot') < first('frigate/events'), 'and the snapshot before both');
    t.ok(listener.json<FrigateEvent>('frigate/events')[0]?.after.has_snapshot);
  });
}
