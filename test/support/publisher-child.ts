import { Publisher } from '../../src/mqtt/publisher.js';
import { monotonicMs } from '../../src/timing/monotonic.js';
import { observation } from './events.js';

/**
 * A process that publishes until it is killed: `node publisher-child.js URL OUTBOX EVENTS_A_SECOND RUN`.
 * Says `ready` when its outbox is open, then the counters for each line on its standard input, `stop` ends it well.
 */
const [url = '', directory = '', rate = '100', run = '0'] = process.argv.slice(2);
const publisher = new Publisher({
  baseTopic: 'minspnet',
  node: 'node',
  broker: { url, connectMs: 2000, backoff: { initialMs: 20, factor: 1.5, maxMs: 100, jitter: 0.5 } },
  outbox: { directory, maxEvents: 100_000, maxBytes: 64 * 1024 * 1024, fsync: false },
});
publisher.on('warning', ({ code, message }) => console.error(code, message));
await publisher.start();
process.stdout.write('ready\n');

let count = 0;
const start = performance.now();
const timer = setInterval(() => {
  const due = ((performance.now() - start) * Number(rate)) / 1000;
  while (count < due)
    publisher.observation(observation({ id: `${run}.${count++}`, capturedMonotonicMs: monotonicMs() }));
}, 10);

process.stdin.on('data', async (line) => {
  if (String(line).startsWith('pause')) clearInterval(timer);
  if (!String(line).startsWith('stop')) {
    process.stdout.write(`${JSON.stringify({ ...publisher.counters, count })}\n`);
    return;
  }
  clearInterval(timer);
  await publisher.stop();
  process.exit(0);
});
