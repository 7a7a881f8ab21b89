/**
 * `npm run bench:fleet -- [--boards 200] [--rate 5] [--seconds 30] [--url URL]`: so many boards with the daemon's own
 * publisher and outbox, our own client as the consumer, and mosquitto (or the broker of the URL) between them. Once with one
 * consumer of everything, once with three that share a subscription. Ends with 1 where an event was lost.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findProgram, Mosquitto } from '../test/support/broker.js';
import { runFleet } from './fleet-run.js';

const { values } = parseArgs({
  options: {
    boards: { type: 'string', default: '200' },
    rate: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    url: { type: 'string' },
  },
});
const [boards, perSecond, seconds] = [values.boards, values.rate, values.seconds].map(Number) as [
  number,
  number,
  number,
];
// Its default keeps 1000 messages for a subscriber that is slow for a moment, and drops the others.
const settings = ['allow_anonymous true', 'max_queued_messages 100000'];
const own = values.url === undefined ? await new Mosquitto(settings).start() : undefined;
const url = values.url ?? own?.url ?? '';
// It ends with an error code after its help.
const version = own && spawnSync(findProgram('mosquitto') ?? '', ['-h'], { encoding: 'utf8' }).stdout.split('\n')[0];
console.log(`${boards} boards x ${perSecond} events/s for ${seconds} s, ${version ?? url} with ${settings.join(', ')}`);
console.log(`all on one machine: ${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`);
try {
  for (const consumers of [1, 3]) {
    const figures = await runFleet({ url, boards, perSecond, seconds, consumers });
    const { sent, acknowledged, dropped, waiting, heard, lost, duplicates, outOfOrder, shares } = figures;
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    console.log(
      `${consumers === 1 ? 'one consumer' : `${consumers} consumers of a shared subscription`}: sent ${sent}, ` +
        `acknowledged ${acknowledged}, waiting ${waiting}, dropped ${dropped}, heard ${heard}, lost ${lost}, duplicates ${duplicates}, ` +
        `out of order ${outOfOrder}; capture to program p50 ${ms(figures.p50)}, p99 ${ms(figures.p99)}, ` +
        `worst ${ms(figures.worst)}; shares ${shares.join(' ')}; the boards took ` +
        `${figures.boardsCpuSeconds.toFixed(1)} s of CPU and ${(figures.boardsRssBytes / 1e6).toFixed(0)} MB`,
    );
    if (lost + dropped + waiting + duplicates + outOfOrder > 0) process.exitCode = 1;
  }
} finally {
  await own?.stop();
}
