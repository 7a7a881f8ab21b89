import { join } from 'node:path';
import fc from 'fast-check';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import type { Response } from '../../src/contract/request.js';
import type { RequestServer } from '../../src/mqtt/request-server.js';
import { startBoard } from '../support/board.js';
import { brokers, Listener, type TestBroker } from '../support/broker.js';
import { messages } from '../support/request-fuzz.js';

/** `npm run test:requests` takes 10,000. */
const fuzzRuns = Number(process.env.MINSPNET_FUZZ_RUNS ?? 500);

async function setUp(t: Test, broker: TestBroker): Promise<RequestServer> {
  const { publisher, server } = await startBoard(broker.url, join(t.testdir(), 'outbox'));
  t.teardown(() => publisher.stop({ timeoutMs: 100 }));
  return server;
}

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());
    const server = await setUp(t, broker);

    t.test('a request is answered on the response topic, with its transaction', async (t) => {
      const listener = await Listener.on(broker.url, 'minspnet/node/response/+');
      t.teardown(() => listener.stop());
      await listener.publish('minspnet/node/request/rate', '{"camera":"door","fps":2,"transaction":1}');
      await listener.until(() => listener.heard.length > 0);
      t.match(listener.json<Response>('/response/rate'), [{ status: 'ok', data: { fps: 10 }, transaction: 1 }]);
      t.notOk(listener.heard[0]?.retain);
    });

    t.test('MQTT 5: where and with what the request says', { skip: name === 'aedes' && 'speaks 3.1.1' }, async (t) => {
      const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      t.teardown(() => client.endAsync(true));
      await client.subscribeAsync('answers/me', { qos: 1 });
      const heard = new Promise<mqtt.IPublishPacket>((resolve) => {
        client.once('message', (_topic, _payload, packet) => resolve(packet));
      });
      const properties = { responseTopic: 'answers/me', correlationData: Buffer.from([1, 0, 255]) };
      await client.publishAsync('minspnet/node/request/models', '', { qos: 1, properties });
      const packet = await heard;
      t.strictSame(packet.properties?.correlationData, properties.correlationData);
      t.equal(packet.properties?.contentType, 'application/json');
      t.match(packet.properties?.userProperties, { contractVersion: '1' });
      t.ok((packet.properties?.messageExpiryInterval ?? 0) > 0, 'and it is not kept for ever');
      t.match(JSON.parse(String(packet.payload)), { status: 'ok' });
    });

    t.test(
      `${fuzzRuns} random and mutated requests: each is answered or refused, and the next good one is done`,
      async (t) => {
        const listener = await Listener.on(broker.url, 'minspnet/node/response/+');
        t.teardown(() => listener.stop());
        const before = { ...server.counters };
        let sent = 0;
        await fc.assert(
          fc.asyncProperty(messages('minspnet/node/request/'), async ({ topic, payload }) => {
            if (topic.endsWith('/')) return; // a level without a name
            await listener.publish(topic, payload);
            sent += 1;
          }),
          { numRuns: fuzzRuns },
        );
        await listener.publish('minspnet/node/request/models', '{"transaction":"the last one"}');
        await listener.until(() => listener.heard.some(({ payload }) => String(payload).includes('the last one')));
        const { done, failed, refused } = server.counters;
        t.equal(done + failed + refused - before.done - before.failed - before.refused, sent + 1);
        t.comment(`${sent} sent: ${done} done, ${failed} failed, ${refused} refused`);
      },
    );
  });
}
