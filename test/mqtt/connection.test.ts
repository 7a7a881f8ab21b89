import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { IPublishPacket } from 'mqtt';
import t, { type Test } from 'tap';
import { connect } from '../../src/client/index.js';
import type { BrokerError } from '../../src/contract/errors.js';
import { BrokerClient, type BrokerClientOptions } from '../../src/mqtt/client.js';
import {
  brokers,
  Listener,
  Mosquitto,
  mosquittoPassword,
  noMosquitto,
  startAedes,
  type TestBroker,
} from '../support/broker.js';
import { Authority, noOpenssl, type Pair, text, tlsSettings } from '../support/certificates.js';
import { observation } from '../support/events.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';
import { until } from '../support/until.js';

const skip = noMosquitto || noOpenssl;

function create(t: Test, url: string, options: Partial<BrokerClientOptions> = {}): BrokerClient {
  const client = new BrokerClient({
    url,
    clientId: 'minspnet-node',
    statusTopic: 'minspnet/node/status',
    connectMs: 5000,
    backoff: { initialMs: 20, factor: 2, maxMs: 100, jitter: 0 },
    ...options,
  });
  t.teardown(() => client.stop());
  return client;
}

async function mosquittoTls(authority: Authority, pair: Pair, strict: boolean): Promise<TestBroker> {
  const who = strict ? ['require_certificate true', 'use_identity_as_username true'] : ['allow_anonymous true'];
  return new Mosquitto([...who, ...tlsSettings]).start(authority.filesFor(pair));
}

/** Our own broker's WebSockets; TLS ends at a proxy before it, as it does at most `wss://` addresses. */
async function webSocketTls(authority: Authority, pair: Pair, strict: boolean): Promise<TestBroker> {
  const broker = await startAedes();
  const options = { cert: text(pair.certificate), key: text(pair.key), ca: text(authority.ca), requestCert: strict };
  const sockets = new Set<Socket>();
  const proxy = createTlsServer(options, (near) => {
    const far = connectSocket(broker.port, '127.0.0.1');
    for (const end of [near, far]) {
      sockets.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        for (const one of [near, far]) one.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  proxy.on('tlsClientError', () => {}); // who does not trust us, or is not trusted, is gone
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  return {
    port,
    url: `wss://127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await broker.stop();
    },
  };
}

/** Why it could not connect; undefined if it could. */
async function failure({ session }: BrokerClient): Promise<BrokerError | undefined> {
  const error = await session.open().then(
    () => undefined,
    (reason) => reason as BrokerError,
  );
  await session.stop();
  return error;
}

t.test('certificates', { skip }, async (t) => {
  const authority = new Authority();
  t.teardown(() => authority.remove());
  const { ca } = authority;
  const server = authority.issue('server', 'IP:127.0.0.1');
  const door = authority.issue('door', 'DNS:door.example');
  const visitor = authority.issue('visitor', 'DNS:visitor');

  for (const [protocol, serve] of Object.entries({ mqtts: mosquittoTls, wss: webSocketTls })) {
    t.test(protocol, async (t) => {
      const start = async (pair: Pair, strict = false): Promise<string> => {
        const broker = await serve(authority, pair, strict);
        t.teardown(() => broker.stop());
        return `${protocol}://127.0.0.1:${broker.port}`;
      };
      const url = await start(server);

      t.test('a certificate of an authority that is trusted', async (t) => {
        t.equal(await failure(create(t, url, { tls: { ca } })), undefined);
        const client = await connect(url, { tls: { ca: text(ca) } });
        t.ok(client.connected);
        await client.close();
      });

      t.test('one of nobody knows whom is refused, and the message says what it is about', async (t) => {
        t.match(await failure(create(t, url)), {
          code: 'ERR_BROKER_AWAY',
          message: /its certificate is not to be trusted/,
        });
        await t.rejects(connect(url, { connectMs: 300 }), { code: 'ERR_BROKER_AWAY', message: /certificate/ });
      });

      t.test('verification can be switched off, and that is told at each session', async (t) => {
        await using home = await temporaryDirectory();
        const publisher = createPublisher(url, home.path, { broker: { url, connectMs: 5000, tls: { verify: false } } });
        const warnings: BrokerError[] = [];
        publisher.on('warning', (warning) => warnings.push(warning as BrokerError));
        await startConnected(publisher);
        await publisher.stop();
        t.match(warnings, [{ code: 'ERR_BROKER_UNVERIFIED', message: /IS NOT VERIFIED: anybody between/ }]);
      });

      t.test('the name that it is for', async (t) => {
        t.match(await failure(create(t, url, { tls: { ca, serverName: 'door.example' } })), {
          code: 'ERR_BROKER_AWAY',
          message: /its certificate is not to be trusted/,
        });
        const elsewhere = await start(door);
        t.equal(await failure(create(t, elsewhere, { tls: { ca, serverName: 'door.example' } })), undefined);
        t.ok(await failure(create(t, elsewhere, { tls: { ca } })), 'not for this address');
        const client = await connect(elsewhere, { tls: { ca: text(ca), serverName: 'door.example' } });
        await client.close();
      });

      t.test('a broker that wants ours', async (t) => {
        const url = await start(server, true);
        const { certificate, key } = visitor;
        t.equal(await failure(create(t, url, { tls: { ca, certificate, key } })), undefined);
        t.match(await failure(create(t, url, { tls: { ca } })), { code: 'ERR_BROKER_AWAY' });
        const client = await connect(url, { tls: { ca: text(ca), certificate: text(certificate), key: text(key) } });
        await client.close();
      });
    });
  }

  t.test('a file that can’t be read, or half a pair, is an error in the configuration', async (t) => {
    for (const tls of [
      { ca: '/nonsense' },
      { certificate: visitor.certificate, key: '/nonsense' },
      { key: visitor.key },
    ]) {
      t.throws(() => create(t, 'mqtts://127.0.0.1', { tls }), { code: 'ERR_CONFIG_BROKER_TLS', exit: 'config' });
    }
    t.doesNotThrow(() => create(t, 'mqtt://127.0.0.1', { tls: { ca: '/nonsense' } }), 'not used');
  });
});

t.test('a WebSocket, also behind a path', async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  for (const path of ['', '/', '/mqtt']) {
    t.equal(await failure(create(t, `ws://127.0.0.1:${broker.port}${path}`)), undefined, path);
  }
});

t.test(
  'events say what they are in user properties, and expire where that is wanted',
  { skip: noMosquitto },
  async (t) => {
    await using home = await temporaryDirectory();
    const broker = await new Mosquitto().start();
    const { connectAsync } = await import('mqtt');
    const sleeper = {
      clientId: 'sleeper',
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 60 },
    } as const;
    const before = await connectAsync(broker.url, sleeper);
    await before.subscribeAsync('minspnet/node/+/events', { qos: 1 });
    await before.endAsync();
    const publisher = createPublisher(broker.url, home.path, {
      outbox: { directory: join(home.path, 'outbox'), maxEvents: 100, maxBytes: 1e6, maxAgeMs: 2000, fsync: false },
    });
    t.teardown(async () => {
      await publisher.stop({ timeoutMs: 0 });
      await broker.stop();
    });
    await startConnected(publisher);
    publisher.observation(observation({ camera: 'old' }));
    await until(() => publisher.counters.delivered === 1);
    await new Promise((resolve) => setTimeout(resolve, 3500)); // mosquitto counts in whole seconds
    publisher.observation(observation({ camera: 'young', class: 'cat' }));
    await until(() => publisher.counters.delivered === 2);
    const after = (await import('mqtt')).connect(broker.url, { ...sleeper, manualConnect: true });
    t.teardown(() => after.endAsync(true));
    const heard = new Promise<IPublishPacket>((resolve) =>
      after.once('message', (_topic, _payload, packet) => resolve(packet)),
    );
    after.connect();
    const { topic, properties } = await heard;
    t.equal(topic, 'minspnet/node/young/events', 'the other one has expired');
    t.same({ ...properties?.userProperties }, { contractVersion: '1', type: 'new' });
    t.equal(properties?.contentType, 'application/json');
    t.ok(Number(properties?.messageExpiryInterval) <= 2);
  },
);

t.test('MQTT 3.1.1 where the broker speaks no other', async (t) => {
  await using home = await temporaryDirectory();
  const broker = await brokers.aedes?.();
  if (broker === undefined) throw new Error('our own broker is always there');
  const listener = await Listener.on(broker.url, 'minspnet/node/+/events');
  const publisher = createPublisher(broker.url, home.path);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await Promise.all([listener.stop(), broker.stop()]);
  });
  await startConnected(publisher);
  publisher.observation(observation());
  await listener.until(() => listener.heard.length === 1);
});

t.test('not authorised, over TLS with a password', { skip }, async (t) => {
  const authority = new Authority();
  const broker = new Mosquitto(['allow_anonymous false', 'password_file %d/passwords', ...tlsSettings]);
  t.teardown(() => Promise.all([broker.stop(), authority.remove()]));
  const files = authority.filesFor(authority.issue('server', 'IP:127.0.0.1'));
  await broker.start({ ...files, passwords: mosquittoPassword('camera', 'right') });
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const tls = { ca: authority.ca };
  t.match(await failure(create(t, url, { tls, username: 'camera', password: 'wrong' })), {
    code: 'ERR_BROKER_REFUSED',
  });
  t.equal(await failure(create(t, url, { tls, username: 'camera', password: 'right' })), undefined);
});
