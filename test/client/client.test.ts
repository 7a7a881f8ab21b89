import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import {
  type ConnectOptions,
  connect,
  type MinspnetClient,
  type NodeEvent,
  type NodeGap,
} from '../../src/client/index.js';
import type { Publisher } from '../../src/mqtt/publisher.js';
import { startBoard } from '../support/board.js';
import {
  brokers,
  Door,
  freePort,
  Listener,
  Mosquitto,
  mosquittoPassword,
  noMosquitto,
  type TestBroker,
} from '../support/broker.js';
import { observation } from '../support/events.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';
import { silentServer } from '../support/silent-server.js';
import { until } from '../support/until.js';

async function join(t: Test, url: string | string[], options: ConnectOptions = {}): Promise<MinspnetClient> {
  const client = await connect(url, { connectMs: 10_000, random: () => 1, ...options });
  t.teardown(() => client.close());
  return client;
}

/** A publisher of a node of its own. */
async function board(t: Test, url: string, node = 'node'): Promise<Publisher> {
  const home = await temporaryDirectory();
  const publisher = createPublisher(url, home.path, { node });
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await home[Symbol.asyncDispose]();
  });
  await startConnected(publisher);
  return publisher;
}

async function stopAfter<Broker extends TestBroker>(t: Test, broker: Promise<Broker>): Promise<Broker> {
  const started = await broker;
  t.teardown(() => started.stop());
  return started;
}

async function takeEvents(stream: AsyncIterable<NodeEvent | NodeGap>, count: number): Promise<(NodeEvent | NodeGap)[]> {
  const taken: (NodeEvent | NodeGap)[] = [];
  for await (const message of stream) if (taken.push(message) === count) break;
  return taken;
}

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const broker = await stopAfter(t as Test, start());

    t.test('events of several boards, as iterator and as emitter', async (t) => {
      const client = await join(t, broker.url);
      const emitted: string[] = [];
      client.on('event', ({ node, seq }) => emitted.push(`${node} ${seq}`));
      const all = client.events();
      const cats = client.events({ class: 'cat', node: ['shed', 'house'] });
      const shed = await board(t, broker.url, 'shed');
      const house = await board(t, broker.url, 'house');
      for (let i = 0; i < 20; i++) {
        shed.observation(observation({ class: i % 2 ? 'cat' : 'person', id: `s${i}` }));
        house.observation(observation({ camera: 'door', id: `h${i}` }));
      }
      const messages = await takeEvents(all, 40);
      for (const node of ['shed', 'house']) {
        const seqs = messages.flatMap((message) => (message.node === node && 'seq' in message ? message.seq : []));
        t.same(
          seqs,
          Array.from({ length: 20 }, (_, i) => i + 1),
          node,
        );
      }
      t.equal(emitted.length, 40);
      t.same(
        (await takeEvents(cats, 10)).map((cat) => 'id' in cat && cat.id),
        ['s1', 's3', 's5', 's7', 's9', 's11', 's13', 's15', 's17', 's19'],
      );
      t.match(client.counters, { events: 40, duplicates: 0, missing: 0, overflow: 0, invalid: 0 });
      await client.close();
      t.same(await client.events().next(), { done: true, value: undefined }, 'closed');
    });

    t.test('what stands at the broker is told of, also to who listens only after `connect`', async (t) => {
      const shed = await board(t, broker.url, 'state');
      const at = '2026-11-25T00:00:00.000Z';
      shed.cameraState({ camera: 'door', at, counts: { person: 1 }, moving: 0, zones: {} });
      shed.cameraStatus({ camera: 'door', state: 'live', at });
      shed.snapshot({ camera: 'door', track: 't1', class: 'traffic light', jpeg: Buffer.from('jpeg') });
      shed.observation(observation({ camera: 'door', class: 'traffic light' }));
      await until(() => shed.counters.delivered === 1);
      const client = await join(t, broker.url, { node: 'state', snapshots: true });
      const heard: Record<string, unknown> = {};
      for (const name of ['status', 'cameraState', 'cameraStatus', 'snapshot'] as const) {
        client.on(name, (value) => {
          heard[name] = value;
        });
      }
      await until(() => Object.keys(heard).length === 4);
      t.match(heard, {
        status: { node: 'state', status: 'online' },
        cameraState: { node: 'state', camera: 'door', counts: { person: 1 } },
        cameraStatus: { node: 'state', camera: 'door', state: 'live' },
        snapshot: { node: 'state', camera: 'door', class: 'traffic_light', jpeg: Buffer.from('jpeg') },
      });
      await shed.stop();
      await until(() => (heard.status as { status: string }).status === 'offline');
    });

    t.test('only the cameras that were asked for', async (t) => {
      const client = await join(t, broker.url, { camera: 'door' });
      const events = client.events();
      const publisher = await board(t, broker.url, 'two');
      publisher.observation(observation({ camera: 'street' }));
      publisher.observation(observation({ camera: 'door' }));
      t.match(await takeEvents(events, 1), [{ camera: 'door' }]);
      t.equal(client.counters.events, 1);
    });

    t.test('what comes twice because acknowledgements were lost is told of once', async (t) => {
      const door = await stopAfter(t, new Door(() => broker.port).start());
      const client = await join(t, broker.url);
      const listener = await Listener.on(broker.url, 'minspnet/twice/+/events');
      t.teardown(() => listener.stop());
      const events = client.events({ node: 'twice' });
      const publisher = await board(t, door.url, 'twice');
      for (let i = 0; i < 5; i++) {
        await until(() => publisher.counters.connected && publisher.counters.waiting === 0);
        door.cutAnswer();
        for (let n = 0; n < 4; n++) publisher.observation(observation({ id: `t${i}.${n}` }));
      }
      const taken = await takeEvents(events, 20);
      t.same(
        taken.map((event) => 'seq' in event && event.seq),
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      await until(() => publisher.counters.waiting === 0);
      t.ok(listener.heard.length > 20, `${listener.heard.length} were sent`);
      await until(() => client.counters.duplicates === listener.heard.length - 20);
    });

    t.test('the session comes back by itself; what was said meanwhile is told of as missing', async (t) => {
      const door = await stopAfter(t, new Door(() => broker.port).start());
      const client = await join(t, door.url, { reorderMs: 20 });
      const events = client.events({ node: 'away' });
      const publisher = await board(t, broker.url, 'away');
      publisher.observation(observation());
      t.match(await events.next(), { value: { seq: 1 } });
      const away = once(client as never, 'away');
      door.shut();
      const [error] = await away;
      t.equal(error.code, 'ERR_BROKER_AWAY');
      t.notOk(client.connected);
      for (let i = 0; i < 3; i++) publisher.observation(observation());
      await until(() => publisher.counters.waiting === 0);
      const back = once(client as never, 'connected');
      door.open();
      await back;
      publisher.observation(observation());
      t.match(
        [(await events.next()).value, (await events.next()).value],
        [{ type: 'gap', reason: 'missed', from: 2, to: 4, node: 'away', camera: 'street' }, { seq: 5 }],
      );
      t.equal(client.counters.missing, 3);
    });

    t.test('an iterator that nobody takes from is bounded, and says what it gave up', async (t) => {
      const client = await join(t, broker.url, { capacity: 10 });
      const events = client.events();
      const publisher = await board(t, broker.url, 'slow');
      for (let i = 0; i < 50; i++) publisher.observation(observation());
      await until(() => client.counters.events === 50);
      const taken = await takeEvents(events, 11);
      t.match(taken[0], { type: 'gap', reason: 'overflow', from: 1, to: 40 });
      t.match(taken[1], { seq: 41 });
      t.equal(client.counters.overflow, 40);
      t.same(await events.next(), { done: true, value: undefined }, '`break` ended it');
    });

    t.test('a request is answered, refused, or given up', async (t) => {
      const client = await join(t, broker.url);
      const other = await Listener.on(broker.url, 'minspnet/shed/request/+');
      t.teardown(() => other.stop());
      const answer = async (index: number, response: object) => {
        await other.until(() => other.heard.length > index);
        const { transaction, ...data } = JSON.parse(String(other.heard[index]?.payload));
        const topic = 'minspnet/shed/response/detect';
        await other.publish(topic, JSON.stringify({ status: 'ok', data: 'not yours', transaction: 'other-1' }));
        await other.publish(
          topic.replace('shed', 'house'),
          JSON.stringify({ status: 'ok', data: 'wrong node', transaction }),
        );
        await other.publish(topic, JSON.stringify({ ...response, transaction }));
        return data;
      };
      const first = client.request('shed', 'detect', { camera: 'door', enabled: false });
      t.same(await answer(0, { status: 'ok', data: { enabled: false } }), { camera: 'door', enabled: false });
      t.same(await first, { enabled: false });
      const second = client.request('shed', 'detect', { camera: 'x' });
      const refusal = t.rejects(second, {
        code: 'ERR_REQUEST_REFUSED',
        message: 'shed does not do detect: no camera x',
      });
      await answer(1, { status: 'error', data: {}, error: 'no camera x' });
      await refusal;
      await t.rejects(client.request('nobody', 'detect', {}, { timeoutMs: 50 }), {
        code: 'ERR_REQUEST_TIMEOUT',
        message: /nobody did not answer/,
      });
      const open = t.rejects(client.request('nobody', 'detect'), { code: 'ERR_REQUEST_CLOSED' });
      await sleep(50);
      await client.close();
      await open;
      await t.rejects(client.request('shed', 'detect'), { code: 'ERR_BROKER_AWAY' });
    });

    t.test('nonsense is passed over, counted, and hurts nobody', async (t) => {
      const client = await join(t, broker.url);
      const sender = await Listener.on(broker.url, 'none');
      t.teardown(() => sender.stop());
      const warnings: string[] = [];
      client.on('warning', ({ code, message }) => warnings.push(`${code} ${message}`));
      const events = client.events();
      const nonsense = ['', 'x', '{', 'null', '[]', '{"type":"new"}', '{"type":"gap","camera":"a"}', '\u0000'];
      for (const payload of nonsense) {
        for (const channel of [
          'status',
          'info',
          'health',
          'a/state',
          'a/status',
          'a/events',
          'response/x',
          'a/other',
        ]) {
          await sender.publish(`minspnet/bad/${channel}`, payload);
        }
      }
      await until(() => client.counters.invalid === (nonsense.length - 1) * 7);
      t.match(warnings[0], /^ERR_BROKER_PAYLOAD what was said on minspnet\/bad\/status/);
      const publisher = await board(t, broker.url, 'good');
      publisher.observation(observation());
      t.match(await takeEvents(events, 1), [{ node: 'good', seq: 1 }]);
    });
  });
}

t.test('where nobody answers, connect says so in time', async (t) => {
  const server = await stopAfter(t, silentServer());
  const start = performance.now();
  await t.rejects(connect(server.url, { connectMs: 200 }), { code: 'ERR_BROKER_AWAY' });
  await t.rejects(connect(`mqtt://user:secret@127.0.0.1:${await freePort()}`, { connectMs: 200 }), {
    code: 'ERR_BROKER_AWAY',
    message: /^the broker mqtt:\/\/127.0.0.1:\d+ is away: /,
  });
  t.ok(performance.now() - start < 3000);
});

t.test('a signal gives the first session up', async (t) => {
  const silent = await stopAfter(t as Test, silentServer());
  await t.rejects(connect(silent.url, { signal: AbortSignal.abort(new Error('before')) }), /before/);
  const later = new AbortController();
  const waits = connect(silent.url, { connectMs: 600_000, signal: later.signal });
  later.abort(new Error('enough'));
  await t.rejects(waits, /enough/);
});

t.test('not authorised is told apart from away', { skip: noMosquitto }, async (t) => {
  const broker = new Mosquitto(['allow_anonymous false', 'password_file %d/passwords', 'acl_file %d/acl']);
  t.teardown(() => broker.stop());
  const acl = 'user all\ntopic read #\nuser none\ntopic read none\n';
  await broker.start({ passwords: mosquittoPassword('all', 'x') + mosquittoPassword('none', 'x'), acl });
  const wrong = { username: 'all', password: 'wrong' };
  await t.rejects(connect(broker.url, wrong), {
    code: 'ERR_BROKER_REFUSED',
    message: /does not let this user in: check `username` and `password`/,
  });
  const client = await join(t, broker.url, { username: 'all', password: 'x' });
  t.ok(client.connected);
});

t.test('the first of several brokers that is there is used', async (t) => {
  const broker = await stopAfter(t, brokers.aedes?.() as Promise<TestBroker>);
  const client = await join(t, [`mqtt://127.0.0.1:${await freePort()}`, broker.url]);
  const events = client.events();
  const publisher = await board(t, broker.url);
  publisher.observation(observation());
  t.match(await takeEvents(events, 1), [{ seq: 1 }]);
});

t.test(
  'a session that lasts: nothing is missed over an outage, nor over a restart',
  { skip: noMosquitto },
  async (t) => {
    const broker = await stopAfter(t, new Mosquitto().start());
    const door = await stopAfter(t, new Door(() => broker.port).start());
    const session = { clientId: 'consumer', expirySeconds: 60 };
    const client = await join(t, door.url, { session });
    const events = client.events();
    const publisher = await board(t, broker.url);
    publisher.observation(observation());
    t.match(await events.next(), { value: { seq: 1 } });
    const away = once(client as never, 'away');
    door.shut();
    await away;
    for (let i = 0; i < 3; i++) publisher.observation(observation());
    await until(() => publisher.counters.waiting === 0);
    door.open();
    t.match([(await events.next()).value, (await events.next()).value], [{ seq: 2 }, { seq: 3 }]);
    t.match(await events.next(), { value: { seq: 4 } });
    t.equal(client.counters.missing, 0);
    const { positions } = client;
    t.match(positions, { 'node/street': { seq: 4 } });
    await client.close();
    publisher.observation(observation());
    await until(() => publisher.counters.waiting === 0);
    const next = await join(t, broker.url, { session, after: positions });
    const later = next.events();
    t.match(await later.next(), { value: { seq: 5 } });
    t.match(next.counters, { missing: 0, events: 1 });
  },
);

t.test('two that share the events have each of them once, together', { skip: noMosquitto }, async (t) => {
  const broker = await stopAfter(t, new Mosquitto().start());
  const both = await Promise.all([join(t, broker.url, { share: 'g' }), join(t, broker.url, { share: 'g' })]);
  const heard: number[] = [];
  for (const client of both) client.on('event', ({ seq }) => heard.push(seq));
  const publisher = await board(t, broker.url);
  for (let i = 0; i < 50; i++) publisher.observation(observation());
  await until(() => heard.length === 50);
  await sleep(50);
  t.same(
    heard.toSorted((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  for (const client of both) t.match(client.counters, { missing: 0 });
  t.ok(both.every((client) => client.counters.events > 0));
});

t.test('who is thrown out by another of the same name does not fight', { skip: noMosquitto }, async (t) => {
  const broker = await stopAfter(t, new Mosquitto().start());
  const options = { session: { clientId: 'same', expirySeconds: 60 }, retryMs: [20, 2000] as const };
  const first = await join(t, broker.url, options);
  const told: [code: string, retryMs: number][] = [];
  first.on('away', ({ code }, retryMs) => told.push([code, retryMs]));
  const second = await join(t, broker.url, options);
  second.on('away', ({ code }, retryMs) => told.push([code, retryMs]));
  // A newer mosquitto says what it was, an older one lets us guess.
  const conflict = ['ERR_BROKER_TAKEN_OVER', 'ERR_BROKER_BRIEF'];
  await until(() => conflict.includes(told.at(-1)?.[0] ?? ''));
  t.ok(told.length <= 6, `${told.length} times`);
  t.ok((told.at(-1)?.[1] ?? 0) >= 1000, 'whoever sees it goes away for long');
  await sleep(200);
  t.ok(first.connected || second.connected, 'and the other one stays');
});

t.test('a newer board: event types and reasons that are not known yet are passed on, and leave no gap', async (t) => {
  const broker = await stopAfter(t, brokers.aedes?.() as Promise<TestBroker>);
  const client = await join(t, broker.url);
  const gaps: NodeGap[] = [];
  client.on('gap', (gap) => gaps.push(gap));
  const events = client.events();
  const listener = await Listener.on(broker.url, 'none');
  t.teardown(() => listener.stop());
  const delivery = { stream: 's', publishedAt: '2026-11-25T00:00:00.000Z', publishedMonotonicMs: 1, replayed: false };
  const messages = [
    { ...observation(), ...delivery, seq: 1 },
    { type: 'fell', camera: 'street', ...delivery, seq: 2, height: 2 },
    { ...observation({ type: 'end' }), reason: 'abducted', ...delivery, seq: 3 },
    { ...observation(), box: 'none', ...delivery, seq: 4 },
    { ...observation(), ...delivery, seq: 4 },
  ];
  for (const message of messages) await listener.publish('minspnet/node/street/events', JSON.stringify(message));
  t.match(await takeEvents(events, 4), [{ seq: 1 }, { type: 'fell', height: 2 }, { reason: 'abducted' }, { seq: 4 }]);
  t.same(gaps, []);
  t.equal(client.counters.invalid, 1, 'a known type has to be what the contract says');
});

t.test('any board may be asked, also one whose events are not wanted', async (t) => {
  const broker = await stopAfter(t, brokers.aedes?.() as Promise<TestBroker>);
  const home = await temporaryDirectory();
  const { publisher } = await startBoard(broker.url, `${home.path}/outbox`);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await home[Symbol.asyncDispose]();
  });
  const client = await join(t, broker.url, { node: 'another' });
  t.ok(await client.request('node', 'models'));
});
