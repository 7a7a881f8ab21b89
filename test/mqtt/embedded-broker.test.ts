import { connect } from 'node:net';
import t from 'tap';
import { EmbeddedBroker } from '../../src/mqtt/embedded-broker.js';
import { freePort, Listener } from '../support/broker.js';

const host = '127.0.0.1';

t.test('a port that was not asked for by name gives way to the next free one', async (t) => {
  const port = await freePort();
  const first = new EmbeddedBroker({ host, port, strict: false });
  const second = new EmbeddedBroker({ host, port, strict: false });
  await first.start();
  await second.start();
  t.teardown(() => Promise.all([first.stop(), second.stop()]));
  t.equal(first.port, port);
  t.ok(second.port > port);
  t.equal(second.url, `mqtt://127.0.0.1:${second.port}`);
});

t.test('a port that was asked for by name does not, and the message says what to do', async (t) => {
  const first = new EmbeddedBroker({ host, port: 0, strict: false });
  await first.start();
  t.teardown(() => first.stop());
  const second = new EmbeddedBroker({ host, port: first.port, strict: true });
  await t.rejects(second.start(), {
    code: 'ERR_BROKER_PORT',
    exit: 'port',
    message: new RegExp(`port ${first.port} of 127.0.0.1 is in use: .*mqtt.broker.port`),
  });
});

t.test('the network is no place for a broker without users', async (t) => {
  for (const host of ['0.0.0.0', '192.168.1.4', '::', 'camera.local']) {
    t.throws(() => new EmbeddedBroker({ host, port: 0, strict: true }), { code: 'ERR_CONFIG_BROKER_HOST' });
  }
});

t.test('stop closes every connection at once, also one that never said a word', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true });
  await broker.start();
  const listener = await Listener.on(broker.url, '#', { reconnectPeriod: 0 });
  const silent = connect(broker.port, host);
  await new Promise((resolve) => silent.once('connect', resolve));
  const closed = new Promise((resolve) => silent.once('close', resolve));
  const start = performance.now();
  await broker.stop();
  await closed;
  t.ok(performance.now() - start < 500);
  t.equal(broker.port, 0);
  await listener.stop();
  await broker.stop(); // once more does no harm
});

t.test('nothing is kept for a subscriber who is away', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true });
  await broker.start();
  t.teardown(() => broker.stop());
  const session = { clientId: 'sleeper', clean: false };
  const before = await Listener.on(broker.url, 'a', session);
  await before.stop();
  const other = await Listener.on(broker.url, 'b');
  await other.publish('a', 'missed');
  const after = await Listener.on(broker.url, 'a', session);
  await other.publish('a', 'heard');
  await after.until(() => after.heard.length > 0);
  t.same(
    after.heard.map(({ payload }) => String(payload)),
    ['heard'],
  );
  await Promise.all([other.stop(), after.stop()]);
});

t.test('what is retained is bounded in all', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true });
  await broker.start();
  t.teardown(() => broker.stop());
  const large = Buffer.alloc(3 * 1024 * 1024);
  const sender = await Listener.on(broker.url, 'none');
  for (let i = 0; i < 8; i++) await sender.publish(`large/${i}`, large, { retain: true });
  await sender.publish('large/0', '', { retain: true });
  await sender.publish('large/8', large, { retain: true });
  const listener = await Listener.on(broker.url, 'large/#');
  await listener.until(() => listener.heard.length >= 5);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.same(listener.heard.map(({ topic }) => topic).sort(), ['large/1', 'large/2', 'large/3', 'large/4', 'large/8']);
  await Promise.all([sender.stop(), listener.stop()]);
});
