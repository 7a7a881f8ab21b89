import t from 'tap';
import { runFleet } from '../../benchmarks/fleet-run.js';
import { Mosquitto, noMosquitto } from '../support/broker.js';

for (const consumers of [1, 3]) {
  t.test(`a short fleet, ${consumers} consumers: each event comes once`, { skip: noMosquitto }, async (t) => {
    const broker = await new Mosquitto().start();
    t.teardown(() => broker.stop());
    const figures = await runFleet({ url: broker.url, boards: 10, perSecond: 5, seconds: 2, consumers });
    t.match(figures, { sent: 100, acknowledged: 100, dropped: 0, heard: 100, lost: 0, duplicates: 0, outOfOrder: 0 });
    t.ok(figures.p99 > 0);
    t.equal(
      figures.shares.reduce((sum, share) => sum + share),
      100,
    );
    if (consumers > 1) t.ok(figures.shares.filter((share) => share > 0).length > 1, `shared: ${figures.shares}`);
  });
}
