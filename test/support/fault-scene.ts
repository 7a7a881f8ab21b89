import { setTimeout as sleep } from 'node:timers/promises';
import { Sequence } from '../../src/client/sequence.js';
import type { EventMessage } from '../../src/contract/event.js';
import type { Publisher, PublisherOptions } from '../../src/mqtt/publisher.js';
import { monotonicMs } from '../../src/timing/monotonic.js';
import { Door, type Heard, Listener, type TestBroker } from './broker.js';
import { type Account, account } from './events.js';
import { createPublisher, Source, settled, startConnected, temporaryDirectory } from './publishing.js';
import { until } from './until.js';

/** What a fault cost; the bars are those of {@link missed}. */
export interface Figures extends Account {
  /** Times that the fault was made. */
  faults: number;
  /** Events handed in. */
  sent: number;
  /** What the client library handed to its user more than once. */
  clientDuplicates: number;
  /** ms from the capture to the subscriber, the time of the fault included. */
  p99: number;
}

const bars = ['lost', 'outOfOrder', 'reused', 'clientDuplicates'] as const;

/** Whether a bar is missed: each has to be 0. */
export function missed(figures: Figures): boolean {
  return bars.some((bar) => figures[bar] > 0);
}

/** A broker behind a door that can be shut, a subscriber of one camera on the other side of it, and a directory. */
export class FaultScene implements AsyncDisposable {
  private constructor(
    readonly home: AsyncDisposable & { path: string },
    readonly door: Door,
    readonly listener: Listener,
    readonly filter: string,
  ) {}

  static async of(broker: TestBroker, filter = 'minspnet/node/street/events'): Promise<FaultScene> {
    const door = await new Door(() => broker.port).start();
    const listener = await Listener.on(broker.url, filter);
    return new FaultScene(await temporaryDirectory(), door, listener, filter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.stop();
    await this.door.stop();
    await this.home[Symbol.asyncDispose]();
  }

  /** What the subscriber had to bear, and what the client library made of it. */
  async figures(faults: number, sent: number): Promise<Figures> {
    await sleep(50);
    const { heard } = this.listener;
    const messages = heard.map(({ payload }) => JSON.parse(String(payload)) as EventMessage);
    const figures = account(messages);
    const clientDuplicates = await handedOnTwice(messages, figures.heard);
    return { ...figures, faults, sent, clientDuplicates, p99: percentile(waitsOf(heard, messages), 0.99) };
  }
}

/** Goes through the client library as it is; `events` different ones have to come out of it. */
async function handedOnTwice(messages: readonly EventMessage[], events: number): Promise<number> {
  const seen: EventMessage[] = [];
  const sequence = new Sequence({
    camera: 'street',
    reorderMs: 10,
    shared: false,
    after: undefined,
    deliver: (message) => seen.push(message),
  });
  for (const message of messages) sequence.take(message);
  await until(() => seen.filter(({ type }) => type !== 'gap').length >= events);
  return account(seen).again;
}

/** ms from the capture to the first time that an event was heard. */
function waitsOf(heard: readonly Heard[], messages: readonly EventMessage[]): number[] {
  const offset = monotonicMs() - performance.now();
  const first = new Set<number>();
  return messages.flatMap((message, index) => {
    if (message.type === 'gap' || first.has(message.seq)) return [];
    first.add(message.seq);
    return (heard[index]?.at ?? 0) + offset - message.capturedMonotonicMs;
  });
}

/**
 * Lets a fault happen to a publisher, and accounts for its events when all of them have been delivered.
 *
 * @param make makes the fault, and says how many times it did
 */
export async function underFault(
  scene: FaultScene,
  make: (publisher: Publisher, source: Source) => Promise<number>,
  options: { perSecond?: number; publisher?: Partial<PublisherOptions> } = {},
): Promise<Figures> {
  const { door, home } = scene;
  const publisher = createPublisher(door.url, home.path, options.publisher);
  const source = new Source(publisher);
  await startConnected(publisher);
  try {
    if (options.perSecond !== undefined) source.start(options.perSecond);
    const faults = await make(publisher, source);
    source.stop();
    door.open();
    await settled(publisher);
    return await scene.figures(faults, source.sent);
  } finally {
    source.stop();
    await publisher.stop({ timeoutMs: 0 });
  }
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10;
}

/** All of them together. */
export function sumOf(all: readonly Figures[]): Figures {
  const sum = { ...(all[0] as Figures) };
  for (const key of Object.keys(sum) as (keyof Figures)[]) {
    sum[key] = all.reduce((total, figures) => total + figures[key], 0);
  }
  return { ...sum, p99: Math.max(...all.map(({ p99 }) => p99)) };
}
