import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestBroker } from './broker.js';
import { FaultScene, type Figures, underFault } from './fault-scene.js';
import { createPublisher, Source, settled, startConnected, temporaryDirectory } from './publishing.js';

/** Nothing is wrong: how long from the capture to the subscriber. */
export async function healthy(broker: TestBroker, seconds: number, perSecond = 50): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  const wait = async () => {
    await sleep(seconds * 1000);
    return 0;
  };
  return await underFault(scene, wait, { perSecond });
}

/**
 * What the outbox writes at one event a second, the broker being there: MB a day that reach the disk, by the kernel's
 * own count. Linux only; undefined elsewhere.
 */
export async function flashWear(broker: TestBroker, seconds: number, fsync: boolean): Promise<number | undefined> {
  await using home = await temporaryDirectory();
  const publisher = createPublisher(broker.url, home.path, {
    outbox: { directory: join(home.path, 'outbox'), maxEvents: 1e5, maxBytes: 64e6, fsync },
  });
  await startConnected(publisher);
  await sleep(2000);
  const before = await bytesWritten();
  const source = new Source(publisher);
  source.start(1);
  await sleep(seconds * 1000);
  source.stop();
  await settled(publisher);
  const after = await bytesWritten();
  await publisher.stop();
  if (before === undefined || after === undefined) return undefined;
  return Math.round(((after - before) / source.sent) * 86_400) / 1e6;
}

/** Handed to the disk by this process since its start. */
async function bytesWritten(): Promise<number | undefined> {
  const io = await readFile('/proc/self/io', 'utf8').catch(() => '');
  const bytes = /^write_bytes: (\d+)/m.exec(io)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}
