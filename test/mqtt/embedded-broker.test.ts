import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { connect } from '../../src/client/index.js';
import { EmbeddedBroker } from '../../src/mqtt/embedded-broker.js';
import { freePort, Listener } from '../support/broker.js';
import { Authority, noOpenssl } from '../support/certificates.js';
import { observation } from '../support/events.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';

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

t.test('the network is no place for a broker without users, or in clear', async (t) => {
  const user = { username: 'house', password: 'correct horse' };
  for (const host of ['0.0.0.0', '192.168.1.4', '::', 'camera.local']) {
    for (const options of [{}, user, { certificate: 'a', key: 'b' }]) {
      t.throws(() => new EmbeddedBroker({ host, port: 0, strict: true, ...options }), {
        code: 'ERR_CONFIG_BROKER_HOST',
      });
    }
  }
  for (const half of [{ username: 'house' }, { password: 'correct horse' }, { certificate: 'a' }, { key: 'b' }]) {
    t.throws(() => new EmbeddedBroker({ host, port: 0, strict: true, ...half }), { code: 'ERR_CONFIG_BROKER_PAIR' });
  }
  const nowhere = { ...user, certificate: '/nonsense', key: '/nonsense' };
  t.throws(() => new EmbeddedBroker({ host: '0.0.0.0', port: 0, strict: true, ...nowhere }), {
    code: 'ERR_CONFIG_BROKER_TLS',
  });
});

t.test('with users, nobody else comes in', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true, username: 'house', password: 'correct horse' });
  await broker.start();
  t.teardown(() => broker.stop());
  for (const wrong of [
    {},
    { username: 'house' },
    { username: 'house', password: 'x' },
    { username: 'x', password: 'correct horse' },
  ]) {
    await t.rejects(connect(broker.url, wrong), { code: 'ERR_BROKER_REFUSED', message: /check `username`/ });
  }
  const client = await connect(broker.url, { username: 'house', password: 'correct horse' });
  t.ok(client.connected);
  await client.close();
});

t.test(
  'opened to the network: TLS and a password, and a door in clear for the daemon alone',
  { skip: noOpenssl },
  async (t) => {
    const authority = new Authority();
    const { certificate, key } = authority.issue('own', 'IP:127.0.0.1');
    const user = { username: 'house', password: 'correct horse' };
    const broker = new EmbeddedBroker({ host: '0.0.0.0', port: 0, strict: true, ...user, certificate, key });
    await broker.start();
    t.teardown(() => Promise.all([broker.stop(), authority.remove()]));
    t.equal(broker.url, `mqtts://0.0.0.0:${broker.port}`);
    t.match(broker.localUrl, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
    const tls = { ca: readFileSync(authority.ca, 'utf8') };
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const client = await connect(url, { ...user, tls });
    const events = client.events();
    await t.rejects(connect(url, { tls, connectMs: 3000 }), { code: 'ERR_BROKER_REFUSED' });
    await t.rejects(connect(`mqtt://127.0.0.1:${broker.port}`, { ...user, connectMs: 300 }), {
      code: 'ERR_BROKER_AWAY',
    });
    await t.rejects(
      connect(broker.localUrl, { connectMs: 3000 }),
      { code: 'ERR_BROKER_REFUSED' },
      'the door has a lock, too',
    );
    await using home = await temporaryDirectory();
    const publisher = createPublisher(broker.localUrl, home.path, {
      broker: { url: broker.localUrl, connectMs: 2000, ...user },
    });
    await startConnected(publisher);
    publisher.observation(observation());
    t.match(await events.next(), { value: { type: 'new', seq: 1 } });
    await publisher.stop();
    await client.close();
    const silent = connectSocket(broker.port, host);
    await new Promise((resolve) => silent.once('connect', resolve));
    const start = performance.now();
    await broker.stop();
    t.ok(performance.now() - start < 500, 'whoever has not finished the handshake does not hold it up');
  },
);

t.test('stop closes every connection at once, also one that never said a word', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true });
  await broker.start();
  const listener = await Listener.on(broker.url, '#', { reconnectPeriod: 0 });
  const silent = connectSocket(broker.port, host);
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

t.test('what says how things are is retained, however full the place for large messages is', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true });
  await broker.start();
  t.teardown(() => broker.stop());
  const sender = await Listener.on(broker.url, 'none');
  await sender.publish('status', 'offline', { retain: true });
  for (let i = 0; i < 6; i++) await sender.publish(`large/${i}`, Buffer.alloc(3 * 1024 * 1024), { retain: true });
  await sender.publish('status', 'online', { retain: true });
  const listener = await Listener.on(broker.url, 'status');
  await listener.until(() => listener.heard.length > 0);
  t.equal(String(listener.heard[0]?.payload), 'online');
  await Promise.all([sender.stop(), listener.stop()]);
});

t.test('who has not been let in may say little', async (t) => {
  const broker = new EmbeddedBroker({ host, port: 0, strict: true, username: 'house', password: 'correct horse' });
  await broker.start();
  t.teardown(() => broker.stop());
  const socket = connectSocket(broker.port, host);
  socket.on('error', () => {});
  // A CONNECT that announces 200 MB.
  socket.write(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x64]));
  const chunk = Buffer.alloc(16 * 1024);
  const feed = setInterval(() => socket.write(chunk), 1);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(feed);
  t.ok(socket.bytesWritten < 8 * 1024 * 1024, `${socket.bytesWritten} bytes`);
});

t.test('WebSockets at the same port; pages of other sites stay outside where no password is asked for', async (t) => {
  const open = new EmbeddedBroker({ host, port: 0, strict: true });
  const locked = new EmbeddedBroker({ host, port: 0, strict: true, username: 'house', password: 'correct horse' });
  await Promise.all([open.start(), locked.start()]);
  t.teardown(() => Promise.all([open.stop(), locked.stop()]));
  const knock = (broker: EmbeddedBroker, origin?: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://${host}:${broker.port}/mqtt`, 'mqtt', { ...(origin && { origin }) });
      socket.on('error', ({ message }) => resolve(message));
      socket.on('open', () => {
        resolve('in');
        socket.terminate();
      });
    });
  t.equal(await knock(open), 'in', 'no browser');
  for (const origin of ['http://localhost:8080', 'http://127.0.0.1', 'https://[::1]:1']) {
    t.equal(await knock(open, origin), 'in', origin);
  }
  for (const origin of ['https://example.com', 'null', 'http://127.0.0.1.example.com', 'http://localhost.evil']) {
    t.match(await knock(open, origin), /401/, origin);
    t.equal(await knock(locked, origin), 'in', 'who has a password may come from anywhere');
  }
  await t.rejects(connect(`ws://${host}:${locked.port}`), { code: 'ERR_BROKER_REFUSED' });
  t.equal((await fetch(`http://${host}:${open.port}/`)).status, 426);
  const client = await connect(`ws://${host}:${open.port}`);
  t.ok(client.connected);
  await client.close();
});
