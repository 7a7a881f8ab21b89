import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../src/client/index.js';
import { monotonicMs } from '../src/timing/monotonic.js';

export interface FleetOptions {
  url: string;
  boards: number;
  /** Events a second of each board. */
  perSecond: number;
  seconds: number;
  /** One hears all; several share a subscription, and each event goes to one of them. */
  consumers: number;
}

export interface FleetFigures {
  sent: number;
  acknowledged: number;
  dropped: number;
  /** Still in an outbox five minutes after the last event: a machine too slow, not a loss. */
  waiting: number;
  /** Different events that the consumers have been given. */
  heard: number;
  lost: number;
  /** Given to a program twice by our own client. */
  duplicates: number;
  /** Given to a consumer after one with a higher number; with one consumer. */
  outOfOrder: number;
  /** From the time of capture to the program, ms. */
  p50: number;
  p99: number;
  worst: number;
  /** What each consumer was given. */
  shares: number[];
  boardsCpuSeconds: number;
  boardsRssBytes: number;
}

interface Done {
  kind: 'done';
  sent: number;
  acknowledged: number;
  dropped: number;
  waiting: number;
  cpuSeconds: number;
  rssBytes: number;
}

/** Boards in a process of their own, consumers in this one, a broker between them. */
export async function runFleet({ url, boards, perSecond, seconds, consumers }: FleetOptions): Promise<FleetFigures> {
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const waits: number[] = [];
  const shares = Array<number>(consumers).fill(0);
  let duplicates = 0;
  let outOfOrder = 0;
  const share = consumers > 1 && { share: 'fleet' };
  const clients = await Promise.all(
    shares.map(async (_, index) => {
      const client = await connect(url, { ...share });
      client.on('event', ({ node, camera, seq, capturedMonotonicMs }) => {
        waits.push(monotonicMs() - capturedMonotonicMs);
        const key = `${node}/${camera}`;
        if (seen.has(`${key}/${seq}`)) duplicates++;
        if (consumers === 1 && seq < (newest.get(key) ?? 0)) outOfOrder++;
        seen.add(`${key}/${seq}`);
        newest.set(key, seq);
        shares[index] = (shares[index] ?? 0) + 1;
      });
      return client;
    }),
  );
  const directory = await mkdtemp(join(tmpdir(), 'minspnet-fleet-'));
  const script = fileURLToPath(new URL('./fleet-boards.js', import.meta.url));
  const child = fork(script, [url, directory, ...[boards, perSecond, seconds].map(String)]);
  try {
    const done = await new Promise<Done>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the boards ended with ${code} before they were done`)));
      child.on('message', (message: Done | { kind: 'ready' }) => {
        if (message.kind === 'ready') child.send('go');
        else resolve(message);
      });
    });
    for (const until = performance.now() + 60_000; seen.size < done.sent && performance.now() < until; )
      await sleep(20);
    const sorted = waits.sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
    return {
      sent: done.sent,
      acknowledged: done.acknowledged,
      dropped: done.dropped,
      waiting: done.waiting,
      heard: seen.size,
      lost: Math.max(0, done.sent - done.waiting - seen.size),
      duplicates,
      outOfOrder,
      p50: at(0.5),
      p99: at(0.99),
      worst: at(1),
      shares: [...shares],
      boardsCpuSeconds: done.cpuSeconds,
      boardsRssBytes: done.rssBytes,
    };
  } finally {
    if (child.exitCode === null) {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    for (const client of clients) await client.close();
    await rm(directory, { recursive: true, force: true });
  }
}
