import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Publisher, type PublisherOptions } from '../../src/mqtt/publisher.js';
import { monotonicMs } from '../../src/timing/monotonic.js';
import { observation } from './events.js';

export const backoff = { initialMs: 20, factor: 1.5, maxMs: 100, jitter: 0.5 };

export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'minspnet-mqtt-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Node `node`, with the outbox of a board below `directory`. */
export function createPublisher(url: string, directory: string, options: Partial<PublisherOptions> = {}): Publisher {
  return new Publisher({
    baseTopic: 'minspnet',
    node: 'node',
    broker: { url, connectMs: 2000, backoff },
    outbox: { directory: join(directory, 'outbox'), maxEvents: 100_000, maxBytes: 64 * 1024 * 1024, fsync: false },
    ...options,
  });
}

/** Starts it, and resolves when it has its first session. */
export async function startConnected(publisher: Publisher): Promise<void> {
  const connected = once(publisher, 'connected');
  await publisher.start();
  await connected;
}

/** Hands in events of camera `street` that are captured now: by the clock, so that a busy machine makes no fewer. */
export class Source {
  sent = 0;
  readonly #publisher: Publisher;
  readonly #prefix: string;
  #timer: NodeJS.Timeout | undefined;

  /** @param prefix of the tracks' ids */
  constructor(publisher: Publisher, prefix = 't') {
    this.#publisher = publisher;
    this.#prefix = prefix;
  }

  handIn(): void {
    const id = `${this.#prefix}${this.sent++}`;
    this.#publisher.observation(observation({ id, capturedMonotonicMs: monotonicMs() }));
  }

  /** @param handedIn called after each batch, before any of it can be on disk */
  start(perSecond: number, handedIn: () => void = () => {}): void {
    const start = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - start) * perSecond) / 1000;
      while (this.sent < due) this.handIn();
      handedIn();
    }, 10);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Resolves when the broker has acknowledged all. */
export async function settled(publisher: Publisher, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (publisher.counters.waiting > 0) {
    if (performance.now() > end) throw new Error(`still waiting: ${JSON.stringify(publisher.counters)}`);
    await sleep(20);
  }
}
