/**
 * Child of `fleet`: the daemon's publisher and outbox alone, many times in one process: what a broker carries beside the
 * few whole daemons that one machine does. Says `ready` when all have a session; on `go` each hands in its events; says
 * how many when all have been acknowledged. Arguments: URL, directory, publishers, events a second each, seconds.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation } from '../src/contract/event.js';
import { Publisher } from '../src/mqtt/publisher.js';
import { monotonicMs } from '../src/timing/monotonic.js';

export interface PublishersDone {
  sent: number;
}

const [url = '', directory = '', ...numbers] = process.argv.slice(2);
const [count = 0, perSecond = 0, seconds = 0] = numbers.map(Number);

const publishers: Publisher[] = [];
for (let i = 0; i < count; i++) {
  const publisher = new Publisher({
    baseTopic: 'minspnet',
    node: `publisher${i}`,
    broker: { url, connectMs: 30_000 },
    outbox: {
      directory: join(directory, `publisher${i}`),
      maxEvents: 100_000,
      maxBytes: 64 * 1024 * 1024,
      fsync: false,
    },
  });
  await publisher.start();
  publishers.push(publisher);
}
while (publishers.some(({ counters }) => !counters.connected)) await sleep(50);
process.send?.('ready');
await once(process, 'message');

const perPublisher = Math.round(perSecond * seconds);
await Promise.all(publishers.map((publisher, i) => play(publisher, (i / count) * (1000 / perSecond))));
const until = performance.now() + 300_000;
while (publishers.some(({ counters }) => counters.waiting > 0) && performance.now() < until) await sleep(50);
process.send?.({ sent: perPublisher * count } satisfies PublishersDone);
for (const publisher of publishers) await publisher.stop({ timeoutMs: 0 });
process.disconnect?.();

/** By the clock, so that a busy machine makes events late, not fewer. */
async function play(publisher: Publisher, delayMs: number): Promise<void> {
  const start = performance.now() + delayMs;
  for (let n = 0; n < perPublisher; n++) {
    const wait = start + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await sleep(wait);
    publisher.observation(observe(n));
  }
}

function observe(n: number): Observation {
  return {
    type: 'update',
    camera: 'street',
    id: `t${n}`,
    class: 'person',
    score: 0.8,
    bestScore: 0.9,
    box: [0.1, 0.2, 0.3, 0.4],
    zones: ['yard'],
    speed: 0.02,
    stationary: false,
    ageMs: 400,
    capturedAt: new Date().toISOString(),
    capturedMonotonicMs: monotonicMs(),
  };
}
