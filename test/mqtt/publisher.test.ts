import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type EventMessage, eventMessage } from '../../src/contract/event.js';
import { Publisher, type PublisherOptions } from '../../src/mqtt/publisher.js';
import { brokers, Door, Listener, type TestBroker } from '../support/broker.js';
import { account, observation } from '../support/events.js';
import { startConnected } from '../support/publishing.js';
import { silentServer } from '../support/silent-server.js';
import { until } from '../support/until.js';

const events = 'minspnet/node/street/events';

async function setUp(
  t: Tap,
  broker: TestBroker,
  options: Partial<PublisherOptions['outbox']> = {},
): Promise<Publisher> {
  const directory = await mkdtemp(join(tmpdir(), 'minspnet-publisher-'));
  const publisher = new Publisher({
    baseTopic: 'minspnet',
    node: 'node',
    broker: { url: broker.url, connectMs: 2000, backoff: { initialMs: 50, factor: 2, maxMs: 200, jitter: 0.5 } },
    outbox: { directory: join(directory, 'outbox'), maxEvents: 1000, maxBytes: 1e6, fsync: false, ...options },
  });
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 100 });
    await rm(directory, { recursive: true, force: true });
  });
  return publisher;
}

type Tap = typeof t;

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());

    t.test('events come in order, numbered without a hole, and leave the outbox', async (t) => {
      const listener = await Listener.on(broker.url, events);
      t.teardown(() => listener.stop());
      const publisher = await setUp(t as Tap, broker);
      await startConnected(publisher);
      for (let i = 0; i < 500; i++) publisher.observation(observation({ id: `t${i}` }));
      await listener.until(() => listener.heard.length >= 500);
      const messages = listener.json<EventMessage>('/events');
      t.match(account(messages), { heard: 500, again: 0, outOfOrder: 0, lost: 0, last: 500 });
      for (const message of messages) eventMessage.parse(message);
      t.match(messages[0], { type: 'new', seq: 1, replayed: false, id: 't0' });
      t.notOk(listener.heard.some(({ retain }) => retain));
      await publisher.stop();
      t.match(publisher.counters, { waiting: 0, delivered: 500, dropped: 0, connected: false });
    });

    t.test('each snapshot comes right before the event that speaks of it', async (t) => {
      const listener = await Listener.on(broker.url, 'minspnet/node/street/#');
      t.teardown(() => listener.stop());
      const publisher = await setUp(t as Tap, broker);
      await startConnected(publisher);
      for (let i = 0; i < 50; i++) {
        publisher.snapshot({
          camera: 'street',
          track: `t${i}`,
          class: 'traffic light',
          jpeg: Buffer.from(`jpeg of t${i}`),
        });
        publisher.observation(observation({ id: `t${i}`, class: 'traffic light' }));
      }
      const ours = () => listener.heard.filter(({ retain }) => !retain);
      await listener.until(() => ours().length >= 100);
      const topic = 'minspnet/node/street/snapshot/traffic_light';
      for (let i = 0; i < 50; i++) {
        const [snapshot, event] = ours().slice(2 * i);
        t.equal(snapshot?.topic, topic);
        t.equal(String(snapshot?.payload), `jpeg of t${i}`);
        t.match(JSON.parse(String(event?.payload)), { id: `t${i}`, snapshot: topic });
      }
    });

    t.test('says online, and offline when it stops, within 1.5 s', async (t) => {
      const publisher = await setUp(t as Tap, broker);
      await startConnected(publisher);
      const listener = await Listener.on(broker.url, 'minspnet/node/status');
      t.teardown(() => listener.stop());
      await listener.until(() => listener.heard.length > 0);
      t.match(listener.heard[0], { payload: Buffer.from('online'), retain: true });
      const start = performance.now();
      await publisher.stop();
      t.ok(performance.now() - start < 1500);
      await listener.until(() => listener.heard.length > 1);
      t.equal(String(listener.heard[1]?.payload), 'offline');
    });
  });
}

t.test('nobody is told an earlier run’s state: what stands there is replaced before `online` is said', async (t) => {
  const broker = await (brokers.mosquitto ?? brokers.aedes)?.();
  if (broker === undefined) throw new Error('our own broker is always there');
  t.teardown(() => broker.stop());
  const listener = await Listener.on(broker.url, 'minspnet/#');
  t.teardown(() => listener.stop());
  const at = '2026-11-25T00:00:00.000Z';
  const yesterday = { camera: 'street', at, counts: { person: 1 }, moving: 1, zones: {} };
  await listener.publish('minspnet/node/street/state', JSON.stringify(yesterday), { retain: true });
  const door = await new Door(() => broker.port).start();
  t.teardown(() => door.stop());
  const publisher = await setUp(t as Tap, door);
  publisher.cameraState({ ...yesterday, counts: {}, moving: 0 });
  publisher.cameraStatus({ camera: 'street', state: 'starting', at });
  await publisher.start();
  const topics = () => listener.heard.map(({ topic }) => topic.replace('minspnet/node/', ''));
  await listener.until(() => topics().includes('status'));
  t.same(topics().slice(1), ['street/state', 'street/status', 'status']);
  const before = listener.heard.length;
  door.shut();
  await until(() => !publisher.counters.connected);
  publisher.cameraState({ ...yesterday, counts: { person: 2 } });
  await listener.until(() => listener.heard.slice(before).some(({ payload }) => String(payload) === 'offline'));
  const offline = listener.heard.length;
  door.open();
  await listener.until(() => listener.heard.slice(offline).some(({ payload }) => String(payload) === 'online'));
  t.equal(topics().slice(offline).indexOf('status'), 2, 'after an outage, too');
});

t.test('the last will is retained: who comes later hears that a killed publisher is away', async (t) => {
  for (const [name, start] of Object.entries(brokers)) {
    const broker = await start();
    t.teardown(() => broker.stop());
    const door = await new Door(() => broker.port).start();
    t.teardown(() => door.stop());
    const early = await Listener.on(broker.url, 'minspnet/node/status');
    t.teardown(() => early.stop());
    const publisher = await setUp(t as Tap, door);
    await publisher.start();
    await early.until(() => early.heard.some(({ payload }) => String(payload) === 'online'));
    door.shut();
    await early.until(() => early.heard.some(({ payload }) => String(payload) === 'offline'));
    const late = await Listener.on(broker.url, 'minspnet/node/status');
    t.teardown(() => late.stop());
    await late.until(() => late.heard.length > 0);
    t.match(late.heard[0], { payload: Buffer.from('offline'), retain: true }, name);
  }
});

for (const [receiveMaximum, most] of [
  [3, 3],
  [1000, 64],
] as const) {
  t.test(`${most} messages at most are on their way at once where the broker takes ${receiveMaximum}`, async (t) => {
    let published = 0;
    const server = createServer((socket) => {
      let bytes = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        for (let packet = firstPacket(bytes); packet !== undefined; packet = firstPacket(bytes)) {
          bytes = bytes.subarray(packet.length);
          const connack = [0x20, 6, 0, 0, 3, 0x21, receiveMaximum >> 8, receiveMaximum & 255];
          if (packet[0] === 0x10) socket.write(Buffer.from(connack));
          if ((packet[0] ?? 0) >> 4 === 3) published++;
        }
      });
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as { port: number };
    const publisher = await setUp(t as Tap, { url: `mqtt://127.0.0.1:${port}`, port, stop: async () => {} });
    await startConnected(publisher);
    for (let i = 0; i < 200; i++) publisher.observation(observation());
    await until(() => published >= most);
    await sleep(100); // there is nothing to wait for: more must not come
    t.equal(published, most);
  });
}

/** The first complete MQTT packet. */
function firstPacket(bytes: Buffer): Buffer | undefined {
  let length = 0;
  for (let index = 1; index < Math.min(bytes.length, 5); index++) {
    const byte = bytes[index] ?? 0;
    length += (byte & 127) * 128 ** (index - 1);
    if (byte < 128) return bytes.length > index + length ? bytes.subarray(0, index + 1 + length) : undefined;
  }
  return undefined;
}

t.test('a stop ends a start that is under way, and nothing is left open', async (t) => {
  const broker = await silentServer();
  t.teardown(() => broker.stop());
  for (const delayMs of [0, 300]) {
    const publisher = await setUp(t as Tap, broker, { directory: join(t.testdir(), 'outbox') });
    const started = publisher.start();
    await sleep(delayMs); // it opens the outbox, or waits for the broker
    const startedAt = performance.now();
    await publisher.stop();
    await started;
    t.ok(performance.now() - startedAt < 1500, 'before the broker’s time is over');
    const next = await setUp(t as Tap, broker, { directory: join(t.testdirName, 'outbox') });
    const again = next.start(); // its outbox is in no one's hands
    await next.stop();
    await t.resolves(again);
  }
});
