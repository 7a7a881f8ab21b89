import { once } from 'node:events';
import t from 'tap';
import type { BrokerError } from '../../src/contract/errors.js';
import { BrokerClient } from '../../src/mqtt/client.js';
import { brokers, Door } from '../support/broker.js';
import { until } from '../support/until.js';

for (const [name, start] of Object.entries(brokers)) {
  t.test(
    `${name}: the window is full of what waits for its acknowledgement, and empty in the next session`,
    async (t) => {
      const broker = await start();
      const door = await new Door(() => broker.port).start();
      let told = 0;
      const client = new BrokerClient(
        {
          url: door.url,
          clientId: 'minspnet-node',
          statusTopic: 'minspnet/node/status',
          connectMs: 2000,
          backoff: { initialMs: 20, factor: 2, maxMs: 100, jitter: 0 },
        },
        () => told++,
      );
      t.teardown(async () => {
        await client.stop();
        await Promise.all([broker.stop(), door.stop()]);
      });
      t.equal(client.room, 0);
      client.start();
      await once(client.session as never, 'connected');
      const { room } = client;
      t.ok(room > 10);
      const publish = () =>
        new Promise<BrokerError | undefined>((resolve) => {
          client.publish('minspnet/x', 'payload', { retain: false }, resolve);
        });
      t.equal(await publish(), undefined);
      t.match([told, client.room], [1, room]);
      t.match(client.takeLatency(), { medianMs: Number });
      t.equal(client.takeLatency(), undefined, 'since it was last asked');
      door.cutAnswer();
      const lost = Array.from({ length: 10 }, publish);
      t.equal(client.room, room - 10);
      t.match(await Promise.all(lost), Array(10).fill({ code: 'ERR_BROKER_AWAY' }));
      t.equal(client.takeLatency(), undefined, 'what was given back was not acknowledged');
      await until(() => client.connected);
      t.equal(client.room, room);
      client.publish('minspnet/x', Buffer.alloc(1024 * 1024), { retain: false }, () => {});
      t.equal(client.room, 0, 'bytes count, too');
    },
  );
}
