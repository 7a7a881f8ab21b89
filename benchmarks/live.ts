/**
 * `npm run bench:live`: what viewers and clips cost. Two daemons play the demo clip beside each other, one of them with
 * clips. On the first, phases without a viewer, with one, and with one that reads nothing take turns; the CPU time of
 * engine and daemon together is compared. Of the second, how long after an event's end its clip was there.
 */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import type { FeedMessage } from '../src/contract/live.js';
import { unpackLiveFrame } from '../src/contract/live-message.js';
import { EmbeddedBroker } from '../src/mqtt/embedded-broker.js';
import { median, sum } from './summary.js';
import { type RunningDaemon, startDaemon } from './whole-daemon.js';

const { values: options } = parseArgs({
  options: {
    clip: { type: 'string', default: fileURLToPath(new URL('../../demo/street.mp4', import.meta.url)) },
    fps: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '15' },
  },
});
const seconds = Number(options.seconds);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What one phase took. */
interface Phase {
  /** Of engine and daemon, per cent of one core. */
  cpu: number;
  fps: number;
  /** Shown a second. */
  shown: number;
}

async function measure(daemon: RunningDaemon, shown: () => number): Promise<Phase> {
  const [before, pictures, startedAt] = [await daemon.look(), shown(), performance.now()];
  await sleep(seconds * 1000);
  const after = await daemon.look();
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = (['engine', 'daemon'] as const).map((name) => after[name].cpuSeconds - before[name].cpuSeconds);
  const rate = (count: number) => count / elapsed;
  return { cpu: 100 * rate(sum(cpu)), fps: rate(after.frames - before.frames), shown: rate(shown() - pictures) };
}

/** @param answers false: it takes what it is sent, and never asks for more */
function watch(port: number, answers: boolean) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/live?camera=camera`);
  let count = 0;
  socket.on('message', (data: Buffer) => {
    const message = data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer;
    count += 1;
    if (answers) socket.send(String(unpackLiveFrame(message).frame.number));
  });
  return { shown: () => count, end: () => socket.terminate() };
}

const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
const other = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
await broker.start();
await other.start();
const camera = { source: options.clip, loop: true, fps: Number(options.fps) };
const [port, otherPort] = [await freePort(), await freePort()];
const clips = { enabled: true, maxSeconds: 10 };
const phases: Record<'nobody' | 'viewer' | 'slow' | 'clips', Phase[]> = { nobody: [], viewer: [], slow: [], clips: [] };
const clipMs: number[] = [];
{
  const cameras = { camera };
  await using plain = await startDaemon(broker.url, cameras, [], { http: { port } });
  await using keeping = await startDaemon(other.url, cameras, [], { http: { port: otherPort }, history: { clips } });
  for (const one of [port, otherPort]) {
    while (!(await fetch(`http://127.0.0.1:${one}/readyz`).catch(() => ({ ok: false }))).ok) await sleep(200);
  }
  const ended = new Map<string, number>();
  const feed = new WebSocket(`ws://127.0.0.1:${otherPort}/api/feed`);
  feed.on('message', (data) => {
    const message = JSON.parse(String(data)) as FeedMessage;
    if (message.kind !== 'record' || message.record.endedAt === null) return;
    const { id, clip } = message.record;
    if (clip === null) ended.set(id, performance.now());
    else if (ended.has(id)) clipMs.push(performance.now() - (ended.get(id) ?? 0));
  });
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const name of ['nobody', 'viewer', 'slow'] as const) {
      const viewer = name === 'nobody' ? undefined : watch(port, name === 'viewer');
      await sleep(1000);
      const [phase, beside] = await Promise.all([
        measure(plain, viewer?.shown ?? (() => 0)),
        measure(keeping, () => 0),
      ]);
      phases[name].push(phase);
      if (name === 'nobody') phases.clips.push(beside);
      viewer?.end();
      process.stderr.write(`\rround ${round + 1}, ${name}   `);
    }
  }
  feed.terminate();
}
await broker.stop();
await other.stop();

const of = (name: keyof typeof phases, what: keyof Phase) => median(phases[name].map((phase) => phase[what]));
console.log(`\n${options.rounds} rounds of ${seconds} s, medians; CPU of engine and daemon, per cent of a core`);
for (const name of Object.keys(phases) as (keyof typeof phases)[]) {
  const [cpu, fps, shown] = [of(name, 'cpu'), of(name, 'fps'), of(name, 'shown')].map((value) => value.toFixed(2));
  console.log(`${name.padEnd(8)} ${cpu?.padStart(7)} %  ${fps} pictures/s analysed, ${shown} shown`);
}
const pairs = (name: keyof typeof phases) =>
  median(phases[name].map(({ cpu }, i) => cpu - (phases.nobody[i]?.cpu ?? 0))).toFixed(2);
console.log(`a viewer costs ${pairs('viewer')} % (bar 15 %), clips ${pairs('clips')} % (bar 1 %)`);
const late = clipMs.length === 0 ? 'none was made' : `${(Math.max(...clipMs) / 1000).toFixed(2)} s at most`;
console.log(`${clipMs.length} clips, after the event's end: ${late} (bar 3 s)`);
