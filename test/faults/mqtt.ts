import { parseArgs } from 'node:util';
import { brokers, Mosquitto, noMosquitto, startAedes, type TestBroker } from '../support/broker.js';
import { daemonKilled, daemonOutlivesBroker } from '../support/daemon-faults.js';
import { type Figures, missed } from '../support/fault-scene.js';
import {
  brokerKilled,
  brokerSilent,
  clockSetBack,
  connectionCut,
  diskFull,
  outboxDamaged,
  publisherKilled,
  takenOver,
} from '../support/mqtt-faults.js';
import { flashWear, healthy } from '../support/mqtt-health.js';

/*
 * Makes each fault many times and prints what it cost, as a table:
 * `node dist/test/faults/mqtt.js [--times N] [--only WORD] [--broker NAME]`.
 * Ends with 1 where an event was lost without being told of, came out of order, had the number of another one, or came
 * to the client's user twice.
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '100' }, only: { type: 'string' }, broker: { type: 'string' } },
});
const times = Number(values.times);

function row(cells: readonly (string | number)[]): void {
  const [name = '', ...numbers] = cells;
  console.log(`| ${String(name).padEnd(61)} | ${numbers.map((cell) => String(cell).padStart(6)).join(' | ')} |`);
}

async function run<Broker extends TestBroker, Made extends Figures>(
  name: string,
  start: () => Promise<Broker>,
  make: (broker: Broker) => Promise<Made | undefined>,
): Promise<Made | undefined> {
  if (values.only !== undefined && !name.includes(values.only)) return undefined;
  const broker = await start();
  try {
    const figures = await make(broker);
    if (figures === undefined) {
      console.log(`| ${name}: skipped, it needs root for a tmpfs of its own |`);
      return undefined;
    }
    const { faults, sent, heard, again, lost, outOfOrder, clientDuplicates, toldLost, p99 } = figures;
    if (missed(figures)) process.exitCode = 1;
    row([
      name,
      faults,
      sent,
      heard,
      lost,
      outOfOrder,
      clientDuplicates,
      again,
      toldLost,
      p99 < 100 ? p99 : Math.round(p99),
    ]);
    return figures;
  } finally {
    await broker.stop();
  }
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

const mosquitto = () => new Mosquitto().start();
const few = Math.ceil(times / 5);

row(['fault', 'times', 'sent', 'heard', 'lost', 'order', 'client', 'again', 'told', 'p99 ms']);
console.log(`|${'-'.repeat(63)}|${'-------:|'.repeat(9)}`);
if (noMosquitto) console.log(`without mosquitto, our own broker only: ${noMosquitto}`);
else if (values.broker !== 'aedes') {
  await run('mosquitto: broker killed, 50 events/s', mosquitto, (broker) => brokerKilled(broker, times));
}

for (const [name, start] of Object.entries(brokers)) {
  if (values.broker !== undefined && values.broker !== name) continue;
  const faults: Record<string, (broker: TestBroker) => Promise<Figures | undefined>> = {
    'connection cut at each byte, and before the PUBACK': (broker) => connectionCut(broker, cuts()),
    'broker accepts and never answers, 50 events/s': (broker) => brokerSilent(broker, few),
    'session taken over, 50 events/s': (broker) => takenOver(broker, few),
    'clock set back an hour, 50 events/s': (broker) => clockSetBack(broker, times),
    'publisher killed, 200 events/s': (broker) => publisherKilled(broker, times),
    'publisher killed, outbox.fsync, 200 events/s': (broker) => publisherKilled(broker, times, { fsync: true }),
    'outbox cut or with a flipped bit': (broker) => outboxDamaged(broker, times),
    'disk full': (broker) => diskFull(broker, few),
    'healthy, 50 events/s': (broker) => healthy(broker, Math.max(5, times / 2)),
  };
  for (const [fault, make] of Object.entries(faults)) await run(`${name}: ${fault}`, start, make);
}

if (!noMosquitto && values.broker !== 'aedes') {
  await run('mosquitto: whole daemon killed', mosquitto, (broker) => daemonKilled(broker, times));
  const whole = await run('mosquitto: broker killed under the whole daemon', mosquitto, (broker) =>
    daemonOutlivesBroker(broker, times),
  );
  if (whole) console.log(`memory of that daemon, MiB, mean of each tenth: ${whole.memory.join(' ')}`);
}

if (values.only === undefined || values.only === 'flash') {
  const seconds = Math.max(30, times);
  const broker = await (noMosquitto ? startAedes() : mosquitto());
  for (const fsync of [false, true]) {
    const written = await flashWear(broker, seconds, fsync);
    console.log(`written to disk at 1 event/s, outbox.fsync ${fsync}: ${written} MB a day, from ${seconds} s`);
  }
  await broker.stop();
}
