import { parseArgs } from 'node:util';
import { brokers, Mosquitto, noMosquitto, startAedes, type TestBroker } from '../support/broker.js';
import {
  brokerKilled,
  connectionCut,
  diskFull,
  type Figures,
  flashWear,
  healthy,
  outboxDamaged,
  publisherKilled,
} from '../support/mqtt-faults.js';

/*
 * Makes each fault many times and prints what it cost: `node dist/test/faults/mqtt.js [--times N] [--only NAME]`.
 * Ends with 1 where an event was lost without being told of, came out of order, or a number was used again.
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '100' }, only: { type: 'string' } },
});
const times = Number(values.times);
const bars = ['lost', 'outOfOrder', 'reused'] as const;
let failed = false;

async function run(name: string, make: () => Promise<Figures | undefined>): Promise<void> {
  if (values.only !== undefined && !name.includes(values.only)) return;
  const start = performance.now();
  const figures = await make();
  if (figures === undefined) {
    console.log(`${name.padEnd(48)} skipped: needs root, for a tmpfs of its own`);
    return;
  }
  const { faults, heard, again, lost, outOfOrder, reused, toldLost } = figures;
  failed ||= bars.some((bar) => figures[bar] > 0);
  console.log(
    `${name.padEnd(48)} ${String(faults).padStart(4)} faults ${String(heard).padStart(6)} events, lost ${lost}, ` +
      `out of order ${outOfOrder}, number used twice ${reused}; sent again ${again}, told of as lost ${toldLost} ` +
      `(${((performance.now() - start) / 1000).toFixed(0)} s)`,
  );
}

async function withBroker<T>(
  start: () => ReturnType<typeof startAedes>,
  use: (broker: TestBroker) => Promise<T>,
): Promise<T> {
  const broker = await start();
  try {
    return await use(broker);
  } finally {
    await broker.stop();
  }
}

if (noMosquitto) console.log(`without mosquitto, our own broker only: ${noMosquitto}`);
else await run('mosquitto: broker killed, 50 events/s', () => brokerKilled(times));

for (const [name, start] of Object.entries(brokers)) {
  // Two PUBLISH packets of about 400 bytes, and the bytes between them.
  const offsets = Array.from({ length: Math.min(900, times * 9) }, (_, i) =>
    Math.floor((i * 900) / Math.min(900, times * 9)),
  );
  await run(`${name}: connection cut at each byte, or before an answer`, () =>
    withBroker(start, (broker) => connectionCut(broker, offsets)),
  );
  await run(`${name}: daemon killed, 200 events/s`, () =>
    withBroker(start, (broker) => publisherKilled(broker, times)),
  );
  await run(`${name}: file of the outbox damaged`, () => withBroker(start, (broker) => outboxDamaged(broker, times)));
  await run(`${name}: disk full`, () => withBroker(start, (broker) => diskFull(broker, Math.ceil(times / 5))));
}

if (values.only === undefined || values.only === 'healthy') {
  const seconds = Math.max(5, times / 2);
  await withBroker(noMosquitto ? startAedes : () => new Mosquitto().start(), async (broker) => {
    console.log('healthy, 50 events/s, ms from the capture to the subscriber:', await healthy(broker, seconds));
    for (const fsync of [false, true]) {
      console.log(`disk writes at 1 event/s, fsync ${fsync}: ${await flashWear(broker, seconds, fsync)} MB a day`);
    }
  });
}
process.exitCode = failed ? 1 : 0;
