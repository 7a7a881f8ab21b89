/**
 * `npm run bench:memory`: whether the resident memory of both processes stays flat over many frames. The mean of the
 * last tenth of the looks is compared with the first tenth after the warm-up. At the end: where the memory is, MiB.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EmbeddedBroker } from '../src/mqtt/embedded-broker.js';
import { describeMap, type MemoryMap, memoryMap, together } from './memory-map.js';
import { sum } from './summary.js';
import { type Look, startDaemon } from './whole-daemon.js';

const { values: options } = parseArgs({
  options: {
    clip: { type: 'string', default: fileURLToPath(new URL('../../demo/street.mp4', import.meta.url)) },
    frames: { type: 'string', default: '20000' },
    warmup: { type: 'string', default: '10000' },
    pace: { type: 'string', default: 'max' },
  },
});

const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
await broker.start();
const looks: Look[] = [];
let maps: [engine: MemoryMap, daemon: MemoryMap] | undefined;
{
  const camera = { source: resolve(options.clip), pace: options.pace, loop: true };
  await using daemon = await startDaemon(broker.url, { camera });
  const end = Number(options.frames) + Number(options.warmup);
  for (let look = await daemon.look(); look.frames < end; look = await daemon.look()) {
    if (look.frames >= Number(options.warmup)) looks.push(look);
    process.stderr.write(`\r${look.frames} of ${end} frames`);
    maps = [memoryMap(look.engine.pid), memoryMap(look.daemon.pid)];
  }
}
await broker.stop();

const tenth = Math.max(1, Math.floor(looks.length / 10));
const mean = (part: Look[], of: (look: Look) => number) => sum(part.map(of)) / part.length / 2 ** 20;
console.log(`\n${looks.length} looks over ${(looks.at(-1)?.frames ?? 0) - (looks[0]?.frames ?? 0)} frames`);
const processes: [string, (look: Look) => number][] = [
  ['engine', (look) => look.engine.rssBytes],
  ['daemon', (look) => look.daemon.rssBytes],
  ['both', (look) => look.engine.rssBytes + look.daemon.rssBytes],
];
for (const [name, of] of processes) {
  const [first, last] = [mean(looks.slice(0, tenth), of), mean(looks.slice(-tenth), of)];
  const growth = (100 * (last - first)) / first;
  console.log(
    `${name.padEnd(8)}${first.toFixed(1)} MiB -> ${last.toFixed(1)} MiB, ${growth.toFixed(2)} % (target < 2 %)`,
  );
  const course = looks.filter((_, i) => i % tenth === 0).map((look) => (of(look) / 2 ** 20).toFixed(0));
  console.log(`        ${course.join(' ')}`);
}
if (maps !== undefined) {
  const [engine, daemon] = maps;
  console.log(`engine: ${describeMap(engine)}\ndaemon: ${describeMap(daemon)}`);
  console.log(`both, what they share once: ${(together(engine, daemon) / 2 ** 20).toFixed(1)} MiB`);
}
