import t from 'tap';
import { runFleet } from '../../benchmarks/fleet-run.js';
import { noMosquitto } from '../support/broker.js';
import { noPrometheus } from '../support/prometheus.js';

t.test(
  'a short fleet: each event comes, though a worker and the broker are killed',
  { skip: noMosquitto || noPrometheus },
  async (t) => {
    const options = { boards: 1, fps: 1, publishers: 5, perSecond: 5, seconds: 11, workers: 3 };
    const figures = await runFleet({ ...options, say: (line) => t.comment(line) });
    t.match(figures, { boards: 1, scraped: 1, lost: 0 });
    t.ok(figures.sent >= 275, `${figures.sent} sent`);
    t.ok(figures.stored > 0, 'some were kept while the broker was away');
    t.equal(
      figures.shares.reduce((sum, share) => sum + share),
      figures.received + figures.twice,
    );
    t.ok(figures.shares.filter((share) => share > 0).length > 1, `shared: ${figures.shares}`);
  },
);
