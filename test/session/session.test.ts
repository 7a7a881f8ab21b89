import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { type BrokerError, exitCodes } from '../../src/contract/errors.js';
import { settingNames as names } from '../../src/mqtt/broker-access.js';
import type { Access } from '../../src/session/access.js';
import { brokerAt } from '../../src/session/connect-options.js';
import { type IncomingMessage, Session, type SessionOptions } from '../../src/session/session.js';
import { brokers, Door, freePort, Mosquitto, mosquittoPassword, noMosquitto, startAedes } from '../support/broker.js';
import { silentServer } from '../support/silent-server.js';
import { until } from '../support/until.js';

/** Not started; with pauses that a test can wait for. */
function create(t: Test, url: string | string[], options: Partial<SessionOptions & Access> = {}): Session {
  const session = new Session({
    brokers: [url].flat().map((each) => brokerAt(each, () => options, names)),
    names,
    clientId: 'minspnet-node',
    connectMs: 2000,
    backoff: { initialMs: 20, factor: 2, maxMs: 100, jitter: 0 },
    ...options,
  });
  t.teardown(() => session.stop());
  return session;
}

/** The first argument of the next event. */
async function next(session: Session, name: 'away' | 'refused' | 'connected' | 'subscriptionRefused') {
  return ((await once(session as never, name)) as [BrokerError])[0];
}

t.test('an absent broker is waited for, and found when it comes', async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const door = await new Door(() => broker.port).start();
  t.teardown(() => door.stop());
  door.shut();
  const session = create(t, door.url);
  const pauses: number[] = [];
  session.on('away', (_error, retryMs) => pauses.push(retryMs));
  session.start();
  t.equal(session.limits, undefined);
  await until(() => pauses.length >= 5);
  t.same(pauses.slice(0, 5), [20, 40, 80, 100, 100]);
  door.open();
  await next(session, 'connected');
  t.ok(session.limits);
});

t.test('why a broker is away is said, with what to look at, and no secret', async (t) => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const error = await create(t, `mqtt://user:secret@${nobody}`)
    .open()
    .catch((reason) => reason);
  t.match(error, {
    code: 'ERR_BROKER_AWAY',
    exit: 'broker',
    message: `the broker mqtt://${nobody} is away: nothing listens there`,
  });
  t.equal(exitCodes[(error as BrokerError).exit], 69);

  const silent = await silentServer();
  t.teardown(() => silent.stop());
  const start = performance.now();
  await t.rejects(create(t, silent.url, { connectMs: 200 }).open(), {
    code: 'ERR_BROKER_AWAY',
    message: /did not answer in time/,
  });
  t.ok(performance.now() - start < 1500);

  const web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(web, 'listening');
  t.teardown(() => web.close());
  const { port } = web.address() as AddressInfo;
  await t.rejects(
    create(t, `mqtt://127.0.0.1:${port}`).open(),
    { code: 'ERR_BROKER_AWAY' },
    'what is no broker at all',
  );
});

t.test('an address that is none of a broker, and a password without a name, are errors of the settings', async (t) => {
  for (const url of ['localhost', 'http://localhost', 'mqtt://', 'mqtt://a b']) {
    t.throws(() => create(t, url), { code: 'ERR_CONFIG_BROKER_URL', exit: 'config' }, url);
  }
  t.throws(() => create(t, 'mqtt://127.0.0.1', { password: 'x' }), { code: 'ERR_CONFIG_BROKER_USER', exit: 'config' });
});

t.test('an IPv6 address, with and without a WebSocket', async (t) => {
  const hosts = ['mqtt', 'ws'].map((scheme) => brokerAt(`${scheme}://[::1]:1884`, () => ({}), names).connectOptions());
  t.match(hosts, [
    { hostname: '::1', port: 1884 },
    { hostname: '[::1]', port: 1884, path: '/' },
  ]);
});

t.test('open: one attempt at each broker, or as many as the time allows; a signal ends it', async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const nobody = async () => `mqtt://127.0.0.1:${await freePort()}`;
  const none = create(t, [await nobody(), await nobody()]);
  let attempts = 0;
  none.on('away', () => attempts++);
  await t.rejects(none.open(), { code: 'ERR_BROKER_AWAY' });
  t.equal(attempts, 2);
  await sleep(50);
  t.equal(attempts, 2, 'it has stopped');

  const second = create(t, [await nobody(), broker.url]);
  await second.open();
  t.equal(second.url, broker.url);

  const door = await new Door(() => broker.port).start();
  t.teardown(() => door.stop());
  door.shut();
  const late = create(t, door.url);
  late.once('away', () => door.open());
  await late.open({ timeoutMs: 5000 });
  t.ok(late.isSubscribed);

  door.shut();
  await t.rejects(create(t, door.url).open({ timeoutMs: 100 }), { code: 'ERR_BROKER_AWAY' });
  await t.rejects(create(t, door.url).open({ signal: AbortSignal.abort(new Error('before')) }), /before/);
  const enough = new AbortController();
  const waits = create(t, door.url).open({ timeoutMs: 60_000, signal: enough.signal });
  enough.abort(new Error('enough'));
  await t.rejects(waits, /enough/);
});

t.test('several brokers: the next one stands in at once, and the first comes first again', async (t) => {
  const [first, second] = [await startAedes(), await startAedes()];
  const door = await new Door(() => first.port).start();
  t.teardown(() => Promise.all([first.stop(), second.stop(), door.stop()]));
  door.shut();
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const session = create(t, [door.url, nobody, second.url]);
  const away: [string, number][] = [];
  session.on('away', ({ message }, retryMs) => away.push([message, retryMs]));
  const connected: string[] = [];
  session.on('connected', (url) => connected.push(url));
  await session.open();
  t.same(connected, [second.url]);
  t.same(
    away.map(([, retryMs]) => retryMs),
    [0, 0],
  );
  t.match(away[1]?.[0], nobody);
  door.open();
  await second.stop();
  await until(() => connected.length === 2);
  t.equal(connected[1], door.url);
  door.shut();
  await until(() => away.length >= 7);
  t.ok(
    away.slice(3).some(([, retryMs]) => retryMs > 0),
    'with a pause after each round',
  );
});

t.test('a broker that says no: told with what to check, and asked again', { skip: noMosquitto }, async (t) => {
  const closed = new Mosquitto(['allow_anonymous false', 'password_file %d/passwords']);
  await closed.start({ passwords: mosquittoPassword('camera', 'right') });
  const open = await new Mosquitto().start();
  t.teardown(() => Promise.all([closed.stop(), open.stop()]));
  for (const credentials of [{}, { username: 'camera', password: 'wrong' }]) {
    await t.rejects(create(t, closed.url, credentials).open({ timeoutMs: 60_000 }), {
      code: 'ERR_BROKER_REFUSED',
      exit: 'broker',
      message: /does not let this user in: check `mqtt.username` and `mqtt.password`.*\(reason 135\)/,
    });
  }
  await create(t, closed.url, { username: 'camera', password: 'right' }).open();
  await create(t, closed.url.replace('//', '//camera:right@'), { clientId: 'other' }).open();

  let target = open;
  const door = await new Door(() => target.port).start();
  t.teardown(() => door.stop());
  const session = create(t, door.url);
  await session.open();
  target = closed;
  door.shut();
  door.open();
  t.equal((await next(session, 'refused')).code, 'ERR_BROKER_REFUSED');
  target = open;
  await next(session, 'connected');
});

t.test(
  'a second client of the same name takes the session over: told, and no fight',
  { skip: noMosquitto },
  async (t) => {
    const broker = await new Mosquitto().start();
    t.teardown(() => broker.stop());
    const backoff = { initialMs: 20, factor: 2, maxMs: 300, jitter: 0 };
    const both = [create(t, broker.url, { backoff }), create(t, broker.url, { backoff })];
    const pauses: number[] = [];
    const codes = new Set<string>();
    for (const session of both) {
      session.on('away', (error, retryMs) => {
        codes.add(error.code);
        pauses.push(retryMs);
      });
      await session.open();
    }
    await sleep(3000);
    t.ok(pauses.length >= 3 && pauses.length < 14, `${pauses.length} times in 3 s: ${pauses}`);
    // A newer mosquitto says what it was, an older one lets us guess.
    t.ok(codes.has('ERR_BROKER_TAKEN_OVER') || codes.has('ERR_BROKER_BRIEF'));
    const longest = Math.max(...pauses);
    t.ok(longest >= 600, `longer than any other pause, and growing: ${longest}`);
  },
);

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const version = name === 'aedes' ? 4 : 5;
    const broker = await start();
    const door = await new Door(() => broker.port).start();
    t.teardown(() => Promise.all([broker.stop(), door.stop()]));

    t.test('what was on its way when the session ended is given back, each once', async (t) => {
      const session = create(t, door.url, { expirySeconds: 60 }); // else mqtt.js gives back as well
      await session.open();
      t.equal(session.version, version);
      door.cutAnswer();
      const given: (string | undefined)[] = [];
      for (let i = 0; i < 10; i++) {
        session.publish('minspnet/x', 'payload', {}, (error) => given.push(error?.code));
      }
      await next(session, 'away');
      t.same(given, Array(10).fill('ERR_BROKER_AWAY'));
      await next(session, 'connected');
      await session.publishAsync('minspnet/x', 'payload');
      t.equal(given.length, 10);
      await session.stop();
      await t.rejects(session.publishAsync('minspnet/x', 'payload'), { code: 'ERR_BROKER_AWAY' });
    });

    t.test('what was subscribed to is heard in later sessions too, with what MQTT 5 adds', async (t) => {
      const session = create(t, door.url);
      const heard: IncomingMessage[] = [];
      session.on('message', (message) => heard.push(message));
      session.subscribe('asked/+');
      await session.open();
      const asker = await mqtt.connectAsync(broker.url, { protocolVersion: version });
      t.teardown(() => asker.endAsync(true));
      await asker.publishAsync('asked/kept', 'before', { qos: 1, retain: true });
      await until(() => heard.length === 1);
      door.shut();
      await next(session, 'away');
      door.open();
      await next(session, 'connected');
      await until(() => heard.length === 2);
      const properties = version === 5 ? { responseTopic: 'answers/1', correlationData: Buffer.from('7') } : {};
      await asker.publishAsync('asked/now', 'ping', { qos: 1, ...(version === 5 && { properties }) });
      await until(() => heard.length === 3);
      t.match(heard, [
        { topic: 'asked/kept', retain: false },
        { topic: 'asked/kept', retain: true, payload: Buffer.from('before') },
        { topic: 'asked/now', retain: false, ...properties },
      ]);
      session.unsubscribe('asked/+');
      session.subscribe('other');
      await session.publishAsync('sync', ''); // acknowledged after both: a broker takes one packet after the other
      const otherwise = once(session as never, 'message');
      await asker.publishAsync('asked/now', 'unheard', { qos: 1 });
      await asker.publishAsync('other', 'heard', { qos: 1 });
      t.match(await otherwise, [{ topic: 'other' }]);
    });

    t.test('a stop says the farewell, and is over in time also where nobody answers', async (t) => {
      const listener = await mqtt.connectAsync(broker.url);
      t.teardown(() => listener.endAsync(true));
      const said: string[] = [];
      listener.on('message', (_topic, payload) => said.push(String(payload)));
      await listener.subscribeAsync('will', { qos: 1 });
      const will = { topic: 'will', payload: 'lost' };
      const polite = create(t, door.url, { will });
      await polite.open();
      await polite.stop(() => polite.publishAsync('will', 'goodbye').then(() => true));
      const cut = create(t, door.url, { will });
      await cut.open();
      await cut.stop(async () => false);
      await until(() => said.length === 2);
      t.same(said, ['goodbye', 'lost'], 'the will is forgotten after a farewell only');
      const held = create(t, door.url);
      await held.open();
      door.mute();
      const start = performance.now();
      await held.stop();
      t.ok(performance.now() - start < 1000);
      door.open();
    });
  });
}

t.test('a topic that this user may not read: told with its name, and the session goes on', async (t) => {
  // Brokers without a say in subscriptions accept all; aedes says no to one filter of a packet.
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, /secret/.test(subscription.topic) ? null : subscription),
  });
  const server = createSocketServer((socket) => broker.handle(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    broker.close();
  });
  const session = create(t, `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (const filter of ['a', 'a/secret', 'b']) session.subscribe(filter);
  const subscribed = once(session as never, 'subscribed');
  await session.open();
  const message = /not let us listen to a\/secret \(reason 128\): let this user read it/;
  t.match(await subscribed, [[{ code: 'ERR_BROKER_SUBSCRIBE', message }]]);
  session.subscribe('c/secret');
  t.match(await next(session, 'subscriptionRefused'), { code: 'ERR_BROKER_SUBSCRIBE', message: /c\/secret/ });
  const heard = once(session as never, 'message');
  await session.publishAsync('b', 'still here');
  t.match(await heard, [{ topic: 'b' }]);
});

t.test('a topic that this user may not write to: told with its name', { skip: noMosquitto }, async (t) => {
  const broker = new Mosquitto(['allow_anonymous true', 'acl_file %d/acl']);
  await broker.start({ acl: 'topic readwrite minspnet/node/status\n' });
  t.teardown(() => broker.stop());
  const session = create(t, broker.url);
  await session.open();
  await t.rejects(session.publishAsync('minspnet/node/street/events', '{}'), {
    code: 'ERR_BROKER_PUBLISH',
    reason: 135,
    permanent: false,
    message: /minspnet\/node\/street\/events \(reason 135\): let this user write/,
  });
  await session.publishAsync('minspnet/node/status', 'online');
});
