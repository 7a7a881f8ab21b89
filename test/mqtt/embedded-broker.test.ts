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
