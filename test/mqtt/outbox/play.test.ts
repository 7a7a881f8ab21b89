import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Random } from '../../../demo/random.js';
import { Outbox } from '../../../src/mqtt/outbox/outbox.js';
import type { OutboxEntry } from '../../../src/mqtt/outbox/queue.js';
import { observation } from '../../support/events.js';
import { outboxDirectory, spanOf, TestDisk } from '../../support/outbox.js';
import { until } from '../../support/until.js';

/** An outbox that is played with, and what a subscriber has been told. */
class Played {
  readonly disk = new TestDisk();
  outbox: Outbox;
  onWay: OutboxEntry[] = [];
  /** By camera, numbers that the broker has, as events or in gaps; and those that were given. */
  readonly told = new Map<string, Set<number>>();
  readonly given = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.outbox = this.#create();
  }

  #create(): Outbox {
    const options = { maxEvents: 400, maxBytes: 1e8, fsync: false, retryMs: 5, disk: this.disk };
    return new Outbox({ directory: this.#directory, ...options });
  }

  append(camera: string): void {
    const seq = this.outbox.append(observation({ camera, id: `${camera} ${(this.given.get(camera) ?? 0) + 1}` }));
    if (seq !== (this.given.get(camera) ?? 0) + 1) this.wrong.push(`${camera}: ${seq} is not the next number`);
    this.given.set(camera, seq);
  }

  take(): void {
    const entry = this.outbox.take();
    if (entry !== undefined) this.onWay.push(entry);
  }

  /** Brokers may answer in any order. */
  acknowledge(index: number): void {
    const [entry] = this.onWay.splice(index, 1);
    if (entry === undefined) return;
    const { camera, from, to } = spanOf(entry);
    const told = this.told.get(camera) ?? new Set();
    for (let seq = from; seq <= to; seq++) told.add(seq);
    this.told.set(camera, told);
    const { record } = entry;
    if ('seq' in record && record.observation.id !== `${camera} ${record.seq}`) this.wrong.push(record.observation.id);
    this.outbox.ack(entry);
  }

  reject(): void {
    const entry = this.onWay.shift();
    if (entry !== undefined) this.outbox.reject(entry);
  }

  rewind(): void {
    this.onWay = [];
    this.outbox.rewind();
  }

  async restart(): Promise<void> {
    if (this.disk.full) return; // what waits in memory would be lost
    await this.outbox.stop();
    this.onWay = [];
    this.outbox = this.#create();
    await this.outbox.start();
  }

  /** Numbers that nobody has heard of. */
  get missing(): string[] {
    return [...this.given].flatMap(([camera, last]) =>
      Array.from({ length: last }, (_, i) => i + 1)
        .filter((seq) => !this.told.get(camera)?.has(seq))
        .map((seq) => `${camera} ${seq}`),
    );
  }
}

t.test('whatever comes between: every number is heard, or told as a gap, and nothing is left', async (t) => {
  const random = new Random(20261127);
  const parent = await outboxDirectory(t);
  mkdirSync(parent);
  for (let round = 0; round < 25; round++) {
    const played = new Played(`${parent}/${round}`);
    await played.outbox.start();
    const does: (() => void | Promise<void>)[] = [
      () => played.append('street'),
      () => played.append('door'),
      () => {
        for (let i = 0; i < 150; i++) played.append(i % 3 === 0 ? 'door' : 'street'); // more than the bounds allow
      },
      () => {
        played.disk.full = !played.disk.full;
      },
      () => played.take(),
      () => played.take(),
      () => played.take(),
      () => played.acknowledge(0),
      () => played.acknowledge(Math.floor(random.range(0, played.onWay.length))),
      () => played.reject(),
      () => played.rewind(),
      () => played.restart(),
      () => sleep(1),
    ];
    for (let step = 0; step < 120; step++) await does[Math.floor(random.range(0, does.length))]?.();
    played.disk.full = false;
    played.rewind();
    await until(() => {
      for (let i = 0; i < 100; i++) {
        played.take();
        played.acknowledge(0);
      }
      return played.outbox.waiting === 0 && played.missing.length === 0;
    }).catch(() => {});
    const { waiting } = played.outbox;
    await played.outbox.stop();
    if (played.wrong.length > 0 || played.missing.length > 0 || waiting > 0) {
      t.fail(`round ${round}: ${played.wrong}; ${waiting} left; missing: ${played.missing.slice(0, 20)}`);
    }
  }
  t.pass('25 rounds');
});
