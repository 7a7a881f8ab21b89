import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { monotonicMs } from '../../src/timing/monotonic.js';

t.test('it is the kernel’s monotonic clock, the same in every thread', async (t) => {
  const before = process.hrtime.bigint();
  const now = monotonicMs();
  const after = process.hrtime.bigint();
  t.ok(Number(before) / 1e6 <= now && now <= Number(after) / 1e6, `${before} <= ${now} <= ${after}`);
  const code = `import(${JSON.stringify(new URL('../../src/timing/monotonic.js', import.meta.url).href)})
    .then(({ monotonicMs }) => require('node:worker_threads').parentPort.postMessage(monotonicMs()));`;
  const sent = monotonicMs();
  const [inside] = await once(new Worker(code, { eval: true }), 'message');
  t.ok(sent <= inside && inside <= monotonicMs(), 'between the moments before and after it, of another thread');
});
