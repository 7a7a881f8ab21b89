import * as fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { OutboxOptions } from '../../src/mqtt/outbox/options.js';
import { Outbox } from '../../src/mqtt/outbox/outbox.js';
import type { OutboxEntry } from '../../src/mqtt/outbox/queue.js';
import { observation } from './events.js';
import { until } from './until.js';

/** In memory if the system has such a place: syncing costs nothing there. */
const fastest = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory for an outbox, below one of its own that goes with the test. */
export async function outboxDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(fastest, 'minspnet-outbox-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'outbox');
}

/** Starts an outbox, and remembers its warnings. */
export async function openOutbox(t: Test, directory: string, options: Partial<OutboxOptions> = {}) {
  const outbox = new Outbox({ directory, maxEvents: 10_000, maxBytes: 1e8, fsync: false, ...options });
  const warnings: string[] = [];
  outbox.on('warning', ({ code }) => warnings.push(code));
  await outbox.start();
  t.teardown(() => outbox.stop());
  return { outbox, warnings };
}

/** Takes `count` entries as they become readable. */
export async function take(outbox: Outbox, count: number): Promise<OutboxEntry[]> {
  const taken: OutboxEntry[] = [];
  for (;;) {
    for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) {
      taken.push(entry);
      if (taken.length === count) return taken;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only ${taken.length} of ${count} could be taken`)), 5000);
      outbox.once('readable', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** All that was given a number, events and gaps, as they become readable. */
export async function takeAll(outbox: Outbox): Promise<OutboxEntry[]> {
  const taken: OutboxEntry[] = [];
  const ends = new Map<string, number>();
  await until(() => {
    for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) {
      taken.push(entry);
      const { camera, to } = spanOf(entry);
      ends.set(camera, Math.max(to, ends.get(camera) ?? 0));
    }
    return [...ends].every(([camera, to]) => to >= (outbox.last.get(camera) ?? 0));
  });
  return taken;
}

/** The numbers that an entry stands for. */
export function spanOf({ record }: OutboxEntry): { camera: string; from: number; to: number } {
  return 'gap' in record ? record.gap : { camera: record.observation.camera, from: record.seq, to: record.seq };
}

/** `1` for an event, `1-4` for a gap. */
export function numbers(entries: readonly OutboxEntry[]): string[] {
  return entries.map((entry) => {
    const { from, to } = spanOf(entry);
    return 'gap' in entry.record ? `${from}-${to}` : String(from);
  });
}

export function append(outbox: Outbox, count: number, camera = 'street'): void {
  for (let i = 0; i < count; i++) outbox.append(observation({ camera, id: `t${i}` }));
}

/** A disk that can be full, and that says when what was written is safe. */
export class TestDisk {
  full = false;
  syncs = 0;
  /** What waits for the disk to say so, while it hangs. */
  #hanging: (() => void)[] | undefined;

  /** It answers no `fdatasync` until the returned function is called. */
  hang(): () => void {
    this.#hanging = [];
    return () => {
      for (const answer of this.#hanging ?? []) answer();
      this.#hanging = undefined;
    };
  }

  fdatasync = ((file: number, done: fs.NoParamCallback) => {
    this.syncs++;
    const sync = () => fs.fdatasync(file, done);
    if (this.#hanging === undefined) sync();
    else this.#hanging.push(sync);
  }) as typeof fs.fdatasync;

  openSync: typeof fs.openSync = (...args) => {
    this.#check();
    return fs.openSync(...args);
  };

  writeSync = ((...args: Parameters<typeof fs.writeSync>) => {
    this.#check();
    return fs.writeSync(...args);
  }) as typeof fs.writeSync;

  #check(): void {
    if (this.full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
}
