import { once } from 'node:events';
import { connect as connectSocket, createServer } from 'node:net';
import t from 'tap';
import { brokers, Listener, Mosquitto, noMosquitto, type TestBroker } from '../support/broker.js';
import { observation } from '../support/events.js';
import { createPublisher, Source, temporaryDirectory } from '../support/publishing.js';
import { until } from '../support/until.js';

/** A broker that ends the connection when it has to read more than `limit` bytes at once, without a word. */
async function cuttingBroker(limit: number): Promise<TestBroker> {
  const broker = (await brokers.aedes?.()) as TestBroker;
  const server = createServer((near) => {
    const far = connectSocket(broker.port, '127.0.0.1');
    let inPacket = 0;
    near.on('data', (bytes) => {
      inPacket = bytes.length < 1200 ? 0 : inPacket + bytes.length;
      if (inPacket > limit) near.destroy();
      else far.write(bytes);
    });
    far.on('data', (bytes) => near.write(bytes));
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stop = async () => {
    server.close();
    await broker.stop();
  };
  return { port, url: `mqtt://127.0.0.1:${port}`, stop };
}

const kinds: Record<string, (() => Promise<TestBroker>) | undefined> = {
  'mosquitto with a message_size_limit': noMosquitto
    ? undefined
    : () => new Mosquitto(['allow_anonymous true', 'message_size_limit 2500']).start(),
  'one that ends the connection': () => cuttingBroker(60_000),
};

for (const [name, start] of Object.entries(kinds)) {
  t.test(`${name}: what is too large is held back and told once, and no event waits`, { skip: !start }, async (t) => {
    const broker = (await start?.()) as TestBroker;
    await using home = await temporaryDirectory();
    const listener = await Listener.on(broker.url, 'minspnet/#');
    const publisher = createPublisher(broker.url, home.path, { broker: { url: broker.url, connectMs: 2000 } });
    t.teardown(async () => {
      await publisher.stop({ timeoutMs: 0 });
      await listener.stop();
      await broker.stop();
    });
    const warnings: string[] = [];
    publisher.on('warning', ({ message }) => warnings.push(message));
    const away: string[] = [];
    publisher.on('away', ({ code }) => away.push(code));
    publisher.retain('minspnet/node/large', Buffer.alloc(200_000), 'application/octet-stream');
    publisher.retain('minspnet/node/larger', Buffer.alloc(400_000), 'application/octet-stream');
    publisher.retain('minspnet/node/small', 'small');
    await publisher.start();
    const source = new Source(publisher);
    source.start(20);
    const heard = () => listener.heard.filter(({ topic }) => topic.endsWith('/events')).length;
    const startedAt = performance.now();
    await until(() => heard() > 0);
    t.ok(performance.now() - startedAt < 2000, `the first event came after ${performance.now() - startedAt} ms`);
    await until(() => source.sent > 100 && publisher.counters.waiting === 0);
    source.stop();
    await until(() => publisher.counters.waiting === 0);
    publisher.observation(observation());
    await until(() => heard() >= source.sent + 1);
    t.ok(listener.heard.some(({ topic }) => topic.endsWith('/small')));
    t.notOk(listener.heard.some(({ topic }) => topic.includes('/large')));
    t.ok(away.length <= 2, `${away.length} sessions ended`);
    t.match(warnings, [/\/large/]);
    t.equal(warnings.length, 1, warnings.join('\n'));
  });
}
