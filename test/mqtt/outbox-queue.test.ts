import t from 'tap';
import { Random } from '../../demo/random.js';
import type { OutboxEntry } from '../../src/mqtt/outbox-database.js';
import { OutboxQueue, type Unwritten } from '../../src/mqtt/outbox-queue.js';
import { observation } from '../support/events.js';

/** A queue with a disk of its own, and what a subscriber has been told. */
class Played {
  readonly queue = new OutboxQueue();
  readonly disk = new Map<number, OutboxEntry>();
  readonly way: OutboxEntry[] = [];
  readonly heard: number[] = [];
  wrong = '';
  #seq = 0;

  append(): void {
    this.#seq += 1;
    this.queue.append({ seq: this.#seq, observation: observation() });
  }

  /** @param refused by the disk, while the next event comes */
  write(refused: boolean): void {
    const unwritten: Unwritten = this.queue.takeUnwritten();
    if (refused) {
      this.append();
      this.queue.putBack(unwritten);
      return;
    }
    for (const key of unwritten.dels) this.disk.delete(key);
    for (const [key, entry] of unwritten.puts) this.disk.set(key, entry);
    this.queue.written(unwritten);
    if (this.disk.size !== this.queue.count) this.wrong = `${this.disk.size} of ${this.queue.count} on disk`;
  }

  take(): boolean {
    let entry = this.queue.peek();
    if (entry === 'unread') {
      this.queue.learn(this.queue.cursor, this.read(3), false);
      entry = this.queue.peek();
    }
    if (entry === 'unread' || entry === undefined) return entry === 'unread';
    this.queue.take(entry);
    this.way.push(entry);
    return true;
  }

  /** The oldest on disk, as many as that; all where there are no more. */
  read(limit: number): OutboxEntry[] {
    const from = [...this.disk.values()].filter(({ key }) => key >= this.queue.cursor);
    return from.sort((a, b) => a.key - b.key).slice(0, limit);
  }

  acknowledge(index: number): void {
    const [entry] = this.way.splice(index, 1);
    if (entry === undefined || this.queue.untake(entry.key) === undefined) return;
    const { record } = entry;
    if ('gap' in record) for (let seq = record.gap.from; seq <= record.gap.to; seq += 1) this.heard.push(seq);
    else this.heard.push(record.seq);
  }

  giveUp(): void {
    const candidates = this.queue.known(this.read(3));
    let left = 2;
    this.queue.giveUp(candidates, ({ key }) => key === this.queue.next - 1 || left-- === 0, 0);
  }

  rewind(): void {
    this.queue.rewind();
    this.way.length = 0;
  }

  get numbers(): number {
    return this.#seq;
  }
}

t.test('whatever comes between: every number is heard, or told of in its place, and nothing is left', async (t) => {
  const random = new Random(20261127);
  for (let round = 0; round < 60; round += 1) {
    const played = new Played();
    const does = [
      () => played.append(),
      () => {
        for (let i = 0; i < 40; i += 1) played.append(); // more than memory holds
      },
      () => played.write(false),
      () => played.write(true),
      () => played.take(),
      () => played.take(),
      () => played.acknowledge(0),
      () => played.acknowledge(Math.floor(random.range(0, played.way.length))), // brokers may answer in any order
      () => played.giveUp(),
      () => played.rewind(),
    ];
    for (let step = 0; step < 150; step += 1) does[Math.floor(random.range(0, does.length))]?.();
    played.rewind();
    played.write(false);
    for (let step = 0; step < 10_000 && played.queue.count > 0; step += 1) {
      if (!played.take() && played.way.length === 0) break;
      played.acknowledge(0);
      played.write(false);
    }
    const missing = Array.from({ length: played.numbers }, (_, i) => i + 1).filter(
      (seq) => !played.heard.includes(seq),
    );
    if (
      played.wrong ||
      missing.length > 0 ||
      played.queue.count !== 0 ||
      played.queue.bytes !== 0 ||
      played.disk.size !== 0
    ) {
      t.fail(
        `round ${round}: ${played.wrong} ${missing} missing, ${played.queue.count} left, ${played.disk.size} on disk`,
      );
    }
  }
  t.pass('60 rounds');
});
