import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type EventMessage, eventMessage } from '../../src/contract/event.js';
import { Publisher, type PublisherOptions } from '../../src/mqtt/publisher.js';
import { brokers, Listener, type TestBroker } from '../support/broker.js';
import { account, observation } from '../support/events.js';
import { silentServer } from '../support/silent-server.js';

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
      await publisher.start();
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
      await publisher.start();
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
      await publisher.start();
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
