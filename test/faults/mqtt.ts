import { parseArgs } from 'node:util';
import { brokers, Mosquitto, noMosquitto, startAedes, type TestBroker } from '../support/broker.js';
import {
  brokerKilled,
  brokerSilent,
  clockSetBack,
  connectionCut,
  diskFull,
  type Figures,
  flashWear,
  healthy,
  outboxDamaged,
  publisherKilled,
  takenOver,
} from '../support/mqtt-faults.js';

/*
 * Makes each fault many times and prints what it cost, as a table:
 * `node dist/test/faults/mqtt.js [--times N] [--only NAME] [--broker NAME]`.
 * Ends with 1 where an event was lost without being told of, came out of order, had the number of another one, or came
 * to the client's user twice.
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '100' }, only: { type: 'string' }, broker: { type: 'string' } },
});
const times = Number(values.times);
const bars = ['lost', 'outOfOrder', 'reused', 'clientDuplicates'] as const;
let failed = false;

function row(cells: readonly (string | number)[]): void {
  const [name = '', ...numbers] = cells;
  console.log(`| ${String(name).padEnd(50)} | ${numbers.map((cell) => String(cell).padStart(7)).join(' | ')} |`);
}

async function run(name: string, make: () => Promise<Figures | undefined>): Promise<void> {
  if (values.only !== undefined && !name.includes(values.only)) return;
  const figures = await make();
  if (figures === undefined) {
    console.log(`| ${name}: skipped, it needs root for a tmpfs of its own |`);
    return;
  }
  const { faults, heard, again, lost, outOfOrder, clientDuplicates, toldLost, p99 } = figures;
  failed ||= bars.some((bar) => figures[bar] > 0);
  row([name, faults, heard, lost, outOfOrder, clientDuplicates, again, toldLost, Math.round(p99)]);
}

/** Every byte of a PUBLISH of ours, which has about 600, and some more; and as many times before the answer. */
function cuts(): (number | 'answer')[] {
  const bytes = 700;
  const step = Math.max(1, Math.round(100 / times));
  return [
    ...Array.from({ length: Math.ceil(bytes / step) }, (_, index) => index * step),
    ...Array.from({ length: times }, () => 'answer' as const),
  ];
}

async function withBroker<T>(start: () => Promise<TestBroker>, use: (broker: TestBroker) => Promise<T>): Promise<T> {
  const broker = await start();
  try {
    return await use(broker);
  } finally {
    await broker.stop();
  }
}

row(['fault', 'times', 'events', 'lost', 'order', 'client', 'again', 'told', 'p99 ms']);
console.log(`|${'-'.repeat(52)}|${'--------:|'.repeat(8)}`);
if (noMosquitto) console.log(`without mosquitto, our own broker only: ${noMosquitto}`);
else if (values.broker !== 'aedes') await run('mosquitto: broker killed, 50 events/s', () => brokerKilled(times));

for (const [name, start] of Object.entries(brokers)) {
  if (values.broker !== undefined && values.broker !== name) continue;
  const faults: Record<string, (broker: TestBroker) => Promise<Figures | undefined>> = {
    'connection cut at each byte, and before the PUBACK': (broker) => connectionCut(broker, cuts()),
    'broker accepts and never answers, 50 events/s': (broker) => brokerSilent(broker, Math.ceil(times / 5)),
    'session taken over, 50 events/s': (broker) => takenOver(broker, Math.ceil(times / 5)),
    'clock set back an hour, 50 events/s': (broker) => clockSetBack(broker, times),
    'daemon killed, 200 events/s': (broker) => publisherKilled(broker, times),
    'outbox cut or with a flipped bit': (broker) => outboxDamaged(broker, times),
    'disk full': (broker) => diskFull(broker, Math.ceil(times / 5)),
  };
  for (const [fault, make] of Object.entries(faults)) await run(`${name}: ${fault}`, () => withBroker(start, make));
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
