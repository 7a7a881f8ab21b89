import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import type { Event, EventMessage } from '../../src/contract/event.js';
import { brokers, Door, Listener, Mosquitto, noMosquitto } from '../support/broker.js';
import { account, observation } from '../support/events.js';
import { brokerKilled, connectionCut, publisherKilled, startChild } from '../support/mqtt-faults.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';
import { silentServer } from '../support/silent-server.js';
import { until } from '../support/until.js';

// A few of each here; test/faults/mqtt.ts makes many, and prints the figures.

const unharmed = { lost: 0, outOfOrder: 0, reused: 0, toldLost: 0 };
const events = 'minspnet/node/street/events';

t.test('a broker that is killed again and again loses nothing of ours', { skip: noMosquitto }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const figures = await brokerKilled(broker, 4);
  t.match(figures, { ...unharmed, heard: figures.sent });
});

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());

    t.test('a connection cut inside a message, or before its answer, loses nothing', async (t) => {
      const figures = await connectionCut(broker, [0, 'answer', 2, 'answer', 101, 'answer', 600, 'answer']);
      t.match(figures, { ...unharmed, heard: figures.sent });
      t.ok(figures.again > 0, 'sent again what had arrived without our knowing');
    });

    t.test('a killed publisher’s events come from its disk, and its numbers go on', async (t) => {
      const figures = await publisherKilled(broker, 2);
      t.match(figures, unharmed);
      t.ok(figures.heard > 0);
    });

    t.test('a killed publisher is said to be offline', async (t) => {
      await using home = await temporaryDirectory();
      const listener = await Listener.on(broker.url, 'minspnet/node/status');
      t.teardown(() => listener.stop());
      const child = await startChild(broker.url, home.path, 1, 0);
      await listener.until(() => listener.heard.some(({ payload }) => String(payload) === 'online'));
      child.kill('SIGKILL');
      await listener.until(() => String(listener.heard.at(-1)?.payload) === 'offline');
    });

    t.test('events of an outage are marked as replayed, in order, and told of when all are delivered', async (t) => {
      await using home = await temporaryDirectory();
      const door = await new Door(() => broker.port).start();
      const listener = await Listener.on(broker.url, events);
      const publisher = createPublisher(door.url, home.path);
      t.teardown(async () => {
        await publisher.stop({ timeoutMs: 0 });
        await Promise.all([door.stop(), listener.stop()]);
      });
      await startConnected(publisher);
      publisher.observation(observation({ id: 'before' }));
      await until(() => publisher.counters.delivered === 1);
      const away = once(publisher, 'away');
      door.shut();
      await away;
      // More than stay in memory.
      for (let i = 0; i < 1000; i++) {
        publisher.snapshot({ camera: 'street', track: `t${i}`, class: 'person', jpeg: Buffer.from(`t${i}`) });
        publisher.observation(observation({ id: `t${i}` }));
        if (i % 100 === 0) await until(() => true);
      }
      t.equal(publisher.counters.waiting, 1000);
      const drained = once(publisher, 'drained');
      door.open();
      await once(publisher, 'connected');
      publisher.observation(observation({ id: 'after' }));
      t.same(await drained, [1000]);
      await listener.until(() => listener.heard.length >= 1002);
      const messages = listener.json<EventMessage>('/events');
      t.match(account(messages), { ...unharmed, heard: 1002, again: 0 });
      const replayed = messages.map((message) => 'replayed' in message && message.replayed);
      t.same([replayed.indexOf(true), replayed.lastIndexOf(true)], [1, 1000]);
      // The topic shows the last track's picture, so that only its event may name it.
      const named = messages.filter((message) => 'snapshot' in message);
      t.same(
        named.map((message) => 'id' in message && message.id),
        ['t999'],
      );
    });

    t.test('stop delivers what it can in its time, and is done within 1.5 s', async (t) => {
      await using home = await temporaryDirectory();
      const listener = await Listener.on(broker.url, events);
      t.teardown(() => listener.stop());
      const publisher = createPublisher(broker.url, home.path);
      await startConnected(publisher);
      for (let i = 0; i < 300; i++) publisher.observation(observation({ id: `t${i}` }));
      const start = performance.now();
      await publisher.stop();
      t.ok(performance.now() - start < 1500);
      const { delivered, waiting } = publisher.counters;
      t.equal(delivered + waiting, 300);
      publisher.observation(observation()); // too late, and without harm
      const next = createPublisher(broker.url, home.path);
      await startConnected(next);
      await until(() => next.counters.waiting === 0);
      await next.stop();
      await listener.until(() => listener.heard.length >= 300);
      t.match(account(listener.json<EventMessage>('/events')), { ...unharmed, heard: 300 });
    });
  });
}

t.test('a broker that falls silent holds up neither stop nor memory', async (t) => {
  await using home = await temporaryDirectory();
  const server = await silentServer();
  t.teardown(() => server.stop());
  const publisher = createPublisher(server.url, home.path, {
    broker: { url: server.url, connectMs: 100 },
  });
  await publisher.start();
  for (let i = 0; i < 100; i++) publisher.observation(observation());
  const start = performance.now();
  await publisher.stop();
  t.ok(performance.now() - start < 1500);
  t.equal(publisher.counters.waiting, 100);
});

t.test('a topic that this user may not write to: events wait until they may', { skip: noMosquitto }, async (t) => {
  await using home = await temporaryDirectory();
  const broker = new Mosquitto(['allow_anonymous true', 'acl_file %d/acl']);
  await broker.start({ acl: 'topic readwrite minspnet/node/status\n' });
  const publisher = createPublisher(broker.url, home.path);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await broker.stop();
  });
  await startConnected(publisher);
  const refused = once(publisher, 'refused');
  publisher.observation(observation());
  t.match(await refused, [{ code: 'ERR_BROKER_PUBLISH' }]);
  t.equal(publisher.counters.waiting, 1);
  await broker.kill();
  await broker.start({ acl: 'topic readwrite minspnet/node/#\n' });
  await until(() => publisher.counters.waiting === 0);
  t.equal(publisher.counters.delivered, 1);
});

t.test('a full outbox: the subscriber hears of the gap in its place', { skip: noMosquitto }, async (t) => {
  await using home = await temporaryDirectory();
  const broker = await new Mosquitto().start();
  const door = await new Door(() => broker.port).start();
  const listener = await Listener.on(broker.url, events);
  const publisher = createPublisher(door.url, home.path, {
    outbox: { directory: join(home.path, 'outbox'), maxEvents: 100, maxBytes: 1e6, fsync: true },
  });
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await Promise.all([door.stop(), listener.stop(), broker.stop()]);
  });
  await startConnected(publisher);
  for (let i = 0; i < 10; i++) publisher.observation(observation());
  await until(() => publisher.counters.waiting === 0);
  const away = once(publisher, 'away');
  door.shut();
  await away;
  for (let i = 0; i < 300; i++) publisher.observation(observation());
  await until(() => publisher.counters.waiting <= 100);
  door.open();
  await listener.until(() => listener.heard.length >= 111);
  const messages = listener.json<EventMessage>('/events');
  t.match(messages[10], { type: 'gap', camera: 'street', from: 11, to: 210 });
  t.match(account(messages), { lost: 0, outOfOrder: 0, toldLost: 200, heard: 110, last: 310 });
  t.equal(publisher.counters.dropped, 200);
});

t.test('a broker that has forgotten everything is told everything again', { skip: noMosquitto }, async (t) => {
  await using home = await temporaryDirectory();
  const broker = await new Mosquitto().start();
  const publisher = createPublisher(broker.url, home.path);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await broker.stop();
  });
  await startConnected(publisher);
  const at = '2026-11-25T00:00:00.000Z';
  publisher.cameraState({ camera: 'street', at, counts: { person: 1 }, moving: 0, zones: {} });
  publisher.cameraState({ camera: 'street', at, counts: { person: 2 }, moving: 0, zones: {} });
  publisher.cameraStatus({ camera: 'street', state: 'live', at });
  publisher.snapshot({ camera: 'street', track: 't1', class: 'person', jpeg: Buffer.from('jpeg') });
  publisher.observation(observation());
  await until(() => publisher.counters.delivered === 1);
  await broker.kill();
  await broker.start();
  const listener = await Listener.on(broker.url, 'minspnet/#');
  t.teardown(() => listener.stop());
  await listener.until(() => new Set(listener.heard.map(({ topic }) => topic)).size >= 4);
  const last = Object.fromEntries(listener.heard.map(({ topic, payload }) => [topic, String(payload)]));
  t.match(last, {
    'minspnet/node/status': 'online',
    'minspnet/node/street/state': /"person":2/,
    'minspnet/node/street/status': /"live"/,
    'minspnet/node/street/snapshot/person': 'jpeg',
  });
});

t.test('a message larger than the broker takes is told of, and holds nothing up', { skip: noMosquitto }, async (t) => {
  await using home = await temporaryDirectory();
  const broker = await new Mosquitto(['allow_anonymous true', 'max_packet_size 3000']).start();
  const listener = await Listener.on(broker.url, events, { protocolVersion: 5 });
  const publisher = createPublisher(broker.url, home.path);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await Promise.all([listener.stop(), broker.stop()]);
  });
  const warnings: string[] = [];
  publisher.on('warning', ({ code }) => warnings.push(code));
  await startConnected(publisher);
  publisher.snapshot({ camera: 'street', track: 't1', class: 'person', jpeg: Buffer.alloc(5000) });
  publisher.observation(observation());
  publisher.observation(observation({ zones: Array.from({ length: 500 }, (_, i) => `zone${i}`) }));
  publisher.observation(observation());
  await listener.until(() => listener.heard.length >= 3);
  const messages = listener.json<EventMessage>('/events');
  t.notOk('snapshot' in (messages[0] ?? {}), 'what is not there is not named');
  t.match(messages[1], { type: 'gap', from: 2, to: 2 });
  t.match(messages[2], { seq: 3 });
  t.same(warnings, ['ERR_BROKER_TOO_LARGE', 'ERR_BROKER_TOO_LARGE'], 'once for each topic');
  t.ok(publisher.counters.connected);
});

t.test('a clock that is set back an hour changes neither order nor numbers', async (t) => {
  await using home = await temporaryDirectory();
  const broker = await brokers.aedes?.();
  if (broker === undefined) throw new Error('our own broker is always there');
  const listener = await Listener.on(broker.url, events);
  let utc = Date.UTC(2026, 10, 25, 3);
  const publisher = createPublisher(broker.url, home.path, { now: () => utc });
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await Promise.all([listener.stop(), broker.stop()]);
  });
  await startConnected(publisher);
  for (let i = 0; i < 100; i++) {
    if (i === 50) {
      await listener.until(() => listener.heard.length === 50);
      utc -= 3_600_000;
    }
    publisher.observation(observation({ id: `t${i}`, capturedAt: new Date(utc).toISOString() }));
  }
  await listener.until(() => listener.heard.length >= 100);
  const messages = listener.json<Event>('/events');
  t.match(account(messages), { ...unharmed, heard: 100, again: 0 });
  t.equal(messages[0]?.publishedAt, '2026-11-25T03:00:00.000Z');
  t.equal(messages[99]?.publishedAt, '2026-11-25T02:00:00.000Z');
  const monotonic = messages.map(({ publishedMonotonicMs }) => publishedMonotonicMs);
  t.same(
    monotonic,
    monotonic.toSorted((a, b) => a - b),
    'the monotonic time goes on',
  );
});
