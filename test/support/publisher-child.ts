import { join } from 'node:path';
import { createPublisher, Source } from './publishing.js';

/**
 * A process that publishes until it is killed: `node publisher-child.js URL DIRECTORY EVENTS_A_SECOND RUN [fsync]`.
 * Says `ready` when its outbox is open, then again and again how many events it has handed in. On its standard input
 * `pause` ends the events, and `stop` the process.
 */
const [url = '', directory = '', rate = '100', run = '0', sync] = process.argv.slice(2);
const publisher = createPublisher(url, directory, {
  outbox: { directory: join(directory, 'outbox'), maxEvents: 100_000, maxBytes: 64e6, fsync: sync === 'fsync' },
});
publisher.on('warning', ({ code, message }) => console.error(code, message));
const answered = new Promise<void>((resolve) => {
  publisher.once('connected', () => resolve()).once('away', () => resolve());
});
await publisher.start();
await answered;
process.stdout.write('ready\n');

const source = new Source(publisher, `${run}.`);
// A pipe is written at once, so what is said is not lost with the process.
source.start(Number(rate), () => process.stdout.write(`${source.sent}\n`));

process.stdin.on('data', async (line) => {
  source.stop();
  if (!String(line).startsWith('stop')) return;
  await publisher.stop();
  process.exit(0);
});
