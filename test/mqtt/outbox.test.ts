import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import t, { type Test } from 'tap';
import { Outbox, type OutboxOptions } from '../../src/mqtt/outbox.js';
import { type OutboxChange, OutboxDatabase, type OutboxEntry } from '../../src/mqtt/outbox-database.js';
import { observation } from '../support/events.js';

async function home(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'minspnet-outbox-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'outbox');
}

/** Starts an outbox, and remembers its warnings. */
async function open(t: Test, directory: string, options: Partial<OutboxOptions> = {}) {
  const outbox = new Outbox({ directory, maxEvents: 10_000, maxBytes: 1e8, fsync: false, ...options });
  const warnings: string[] = [];
  outbox.on('warning', ({ code }) => warnings.push(code));
  await outbox.start();
  t.teardown(() => outbox.stop());
  return { outbox, warnings };
}

/** Takes `count` entries as they become readable. */
async function take(outbox: Outbox, count: number): Promise<OutboxEntry[]> {
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

/** `1` for an event, `1-4` for a gap. */
function numbers(entries: OutboxEntry[]): string[] {
  return entries.map(({ record }) => ('gap' in record ? `${record.gap.from}-${record.gap.to}` : String(record.seq)));
}

function append(outbox: Outbox, count: number, camera = 'street'): void {
  for (let i = 0; i < count; i++) outbox.append(observation({ camera, id: `t${i}` }));
}

t.test('numbers go up by one a camera, and order is that of arrival', async (t) => {
  const { outbox } = await open(t, await home(t));
  append(outbox, 2, 'street');
  append(outbox, 1, 'door');
  append(outbox, 1, 'street');
  t.equal(outbox.take(), undefined, 'nothing before it is on disk');
  const taken = await take(outbox, 4);
  t.same(numbers(taken), ['1', '2', '1', '3']);
  t.equal(outbox.waiting, 4);
  for (const { key } of taken) outbox.ack(key);
  t.equal(outbox.waiting, 0);
});

t.test('what was not acknowledged is there again after a restart, and numbers go on', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory);
  append(first.outbox, 1000);
  const taken = await take(first.outbox, 300);
  for (const { key } of taken) first.outbox.ack(key);
  await take(first.outbox, 50); // on their way when it stops
  await first.outbox.stop();

  const second = await open(t, directory);
  t.equal(second.outbox.waiting, 700);
  append(second.outbox, 10);
  t.same(
    numbers(await take(second.outbox, 710)),
    Array.from({ length: 710 }, (_, i) => String(301 + i)),
  );
  t.same(second.warnings, []);
});

t.test('numbers go on when everything had been delivered', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory);
  append(first.outbox, 3);
  for (const { key } of await take(first.outbox, 3)) first.outbox.ack(key);
  await first.outbox.stop();
  const second = await open(t, directory);
  append(second.outbox, 1);
  t.same(numbers(await take(second.outbox, 1)), ['4']);
});

t.test('rewind gives what was taken again, but not what was acknowledged out of order', async (t) => {
  const { outbox } = await open(t, await home(t));
  append(outbox, 1000);
  const taken = await take(outbox, 40);
  for (const index of [0, 1, 5, 6, 30]) outbox.ack(taken[index]?.key ?? 0);
  outbox.rewind();
  const expected = Array.from({ length: 1000 }, (_, i) => String(i + 1)).filter(
    (seq) => !['1', '2', '6', '7', '31'].includes(seq),
  );
  t.same(numbers(await take(outbox, 995)), expected);
});

t.test('a full outbox gives up the oldest and says which, each camera for itself', async (t) => {
  const { outbox, warnings } = await open(t, await home(t), { maxEvents: 10 });
  for (let i = 0; i < 20; i++) append(outbox, 1, i % 2 === 0 ? 'street' : 'door');
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let i = 0; i < 20; i++) append(outbox, 1, i % 2 === 0 ? 'street' : 'door');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(outbox.waiting, 10);
  t.equal(outbox.dropped, 32);
  t.same(warnings, ['ERR_STATE_OUTBOX_FULL']);
  t.same(numbers(await take(outbox, 10)), ['1-16', '1-16', '17', '17', '18', '18', '19', '19', '20', '20']);
});

t.test('the bound in bytes holds, too, and over a restart', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory, { maxBytes: 4096 });
  append(first.outbox, 500);
  await first.outbox.stop();
  const second = await open(t, directory);
  const waiting = second.outbox.waiting;
  t.ok(waiting > 5 && waiting < 20, `${waiting} events of about 250 bytes in 4096`);
  const [gap, ...rest] = numbers(await take(second.outbox, waiting));
  t.equal(gap, `1-${500 - rest.length}`);
  t.equal(rest.at(-1), '500');
});

t.test('what is on its way is not given up', async (t) => {
  const { outbox } = await open(t, await home(t), { maxEvents: 10 });
  append(outbox, 5);
  await take(outbox, 5);
  append(outbox, 10);
  await new Promise((resolve) => setTimeout(resolve, 50));
  outbox.rewind();
  t.same(numbers(await take(outbox, 10)), ['1', '2', '3', '4', '5', '6-11', '12', '13', '14', '15']);
});

t.test('an event that the broker will never take becomes a gap', async (t) => {
  const { outbox } = await open(t, await home(t));
  append(outbox, 2);
  const [first] = await take(outbox, 1);
  outbox.reject(first?.key ?? 0);
  t.same(numbers(await take(outbox, 2)), ['2', '1-1']);
  t.equal(outbox.dropped, 1);
});

/** A disk that can be full. */
class Disk extends OutboxDatabase {
  full = false;

  override async open(): Promise<void> {
    this.#check();
    await super.open();
  }

  override async write(change: OutboxChange, sync: boolean): Promise<void> {
    this.#check();
    await super.write(change, sync);
  }

  #check(): void {
    if (this.full) throw new Error('IO error: No space left on device');
  }
}

t.test('a full disk: events go on in memory, bounded, and reach the disk when it has room', async (t) => {
  const directory = await home(t);
  const database = new Disk(directory);
  const { outbox, warnings } = await open(t, directory, { database, maxEvents: 100, retryMs: 20 });
  let recovered = 0;
  outbox.on('recovered', () => recovered++);
  append(outbox, 3);
  await take(outbox, 3);
  database.full = true;
  append(outbox, 5);
  t.same(numbers(await take(outbox, 5)), ['4', '5', '6', '7', '8'], 'read without a disk');
  await new Promise((resolve) => setTimeout(resolve, 100));
  append(outbox, 200);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.same(warnings, ['ERR_STATE_OUTBOX_DISK', 'ERR_STATE_OUTBOX_FULL'], 'each said once');
  t.ok(outbox.dropped >= 100);
  t.equal(recovered, 0);
  database.full = false;
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal(recovered, 1);
  const { waiting } = outbox;
  await outbox.stop();
  const second = await open(t, directory);
  t.equal(second.outbox.waiting, waiting);
  append(second.outbox, 1);
  t.equal(numbers(await take(second.outbox, waiting + 1)).at(-1), '209');
});

t.test('a database that does not outlive a full disk is set aside, and what memory holds goes on', async (t) => {
  const directory = await home(t);
  const database = new Disk(directory);
  const { outbox, warnings } = await open(t, directory, { database, retryMs: 20 });
  append(outbox, 3);
  await take(outbox, 3);
  database.full = true;
  append(outbox, 5);
  await take(outbox, 5);
  await writeFile(join(directory, 'CURRENT'), 'nonsense');
  database.full = false;
  await waitFor(() => warnings.includes('ERR_STATE_OUTBOX_DAMAGED'));
  t.equal(await lieAside(directory), 1);
  append(outbox, 1);
  outbox.rewind();
  t.same(numbers(await take(outbox, 9)), ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  await outbox.stop();
  const second = await open(t, directory);
  t.equal(second.outbox.waiting, 9);
});

t.test(
  'a disk that is full at the start: the count goes on above, and what lay there comes when it can be read',
  async (t) => {
    const directory = await home(t);
    const first = await open(t, directory);
    append(first.outbox, 2);
    await first.outbox.stop();
    const database = new Disk(directory);
    database.full = true;
    const { outbox, warnings } = await open(t, directory, { database, retryMs: 20 });
    t.same(warnings, ['ERR_STATE_OUTBOX_DISK']);
    append(outbox, 2);
    t.same(numbers(await take(outbox, 2)), ['3', '4']);
    database.full = false;
    t.same(numbers(await take(outbox, 2)), ['1', '2']);
    t.equal(outbox.waiting, 4);
  },
);

t.test(
  'damage that shows while running: the database is set aside, what memory holds goes on, the rest is told of',
  async (t) => {
    const directory = await home(t);
    class Damaged extends OutboxDatabase {
      damaged = false;

      override async read(from: number, limit: number): Promise<OutboxEntry[]> {
        if (this.damaged) throw Object.assign(new Error('bad block'), { code: 'LEVEL_CORRUPTION' });
        return super.read(from, limit);
      }

      override async setAside(at: Date): Promise<string> {
        this.damaged = false;
        return super.setAside(at);
      }
    }
    const database = new Damaged(directory);
    const { outbox, warnings } = await open(t, directory, { database });
    // More than memory holds: the later ones lie on disk only.
    for (let i = 0; i < 10; i++) {
      append(outbox, 100);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const [first] = await take(outbox, 1);
    outbox.ack(first?.key ?? 0);
    await take(outbox, 9); // on their way
    database.damaged = true;
    const entries: OutboxEntry[] = [];
    for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) entries.push(entry);
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
    append(outbox, 2);
    entries.push(...(await take(outbox, outbox.waiting - 9 - entries.length)));
    const told: number[] = Array.from({ length: 10 }, (_, i) => i + 1);
    for (const { record } of entries) {
      const [from, to] = 'gap' in record ? [record.gap.from, record.gap.to] : [record.seq, record.seq];
      for (let seq = from; seq <= to; seq++) told.push(seq);
    }
    t.same([...new Set(told)].length, 1002, 'every number is an event or told of');
    t.equal(numbers(entries).at(-1), '1002');
    t.ok(outbox.dropped > 0);
    await outbox.stop();
    const second = await open(t, directory);
    append(second.outbox, 1);
    t.equal(numbers(await take(second.outbox, second.outbox.waiting)).at(-1), '1003');
  },
);

t.test('a directory that can’t be used, or is used, is no place to start', async (t) => {
  const directory = await home(t);
  await open(t, directory);
  const other = new Outbox({ directory, maxEvents: 10, maxBytes: 1e6, fsync: false });
  await t.rejects(other.start(), { code: 'ERR_STATE_OUTBOX_IN_USE', exit: 'state' });
  await writeFile(`${directory}.file`, '');
  const below = new Outbox({ directory: `${directory}.file/outbox`, maxEvents: 10, maxBytes: 1e6, fsync: false });
  await t.rejects(below.start(), { code: 'ERR_STATE_DIRECTORY', exit: 'state', message: /stateDirectory/ });
});

async function logOf(directory: string): Promise<string> {
  const name = (await readdir(directory)).find((name) => name.endsWith('.log'));
  return join(directory, name ?? '');
}

/** How many databases lie aside beside the outbox. */
async function lieAside(directory: string): Promise<number> {
  return (await readdir(join(directory, '..'))).filter((name) => name.startsWith('outbox.damaged-')).length;
}

/** An outbox with five events whose database can't be opened any more. */
async function unopenable(t: Test): Promise<string> {
  const directory = await home(t);
  const { outbox } = await open(t, directory);
  append(outbox, 5);
  await outbox.stop();
  await writeFile(join(directory, 'CURRENT'), 'nonsense');
  return directory;
}

t.test('a database that can’t be opened is set aside, and what can be read of it goes on', async (t) => {
  const directory = await unopenable(t);
  const { outbox, warnings } = await open(t, directory);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  t.equal(await lieAside(directory), 1);
  append(outbox, 1);
  t.same(numbers(await take(outbox, 6)), ['1', '2', '3', '4', '5', '6']);
});

t.test('where nothing of it can be read, a new one begins, and no number is used again', async (t) => {
  const directory = await unopenable(t);
  await truncate(await logOf(directory));
  const { outbox, warnings } = await open(t, directory);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  t.equal(await lieAside(directory), 1);
  append(outbox, 1);
  t.same(numbers(await take(outbox, 2)), ['1-5', '6']);
});

t.test('with the file of numbers gone as well, the count goes on above all that can have been', async (t) => {
  const directory = await unopenable(t);
  await truncate(await logOf(directory));
  await writeFile(`${directory}.seq`, 'nonsense');
  const { outbox } = await open(t, directory, { now: () => Date.UTC(2026, 10, 25) });
  append(outbox, 1);
  t.same(numbers(await take(outbox, 1)), [String(Date.UTC(2026, 10, 25) / 1000 + 1)]);
});

t.test('a flipped bit in a table: it is left out, what the log holds comes, the rest is told of', async (t) => {
  const directory = await home(t);
  // LevelDB makes a table of its log when it is opened again.
  for (let start = 0; start < 2; start++) {
    const { outbox } = await open(t, directory);
    append(outbox, 30);
    await outbox.stop();
  }
  const table = join(directory, (await readdir(directory)).find((name) => name.endsWith('.ldb')) ?? '');
  const bytes = await readFile(table);
  bytes[1000] = (bytes[1000] ?? 0) ^ 4;
  await writeFile(table, bytes);
  const { outbox, warnings } = await open(t, directory);
  const came = numbers(await take(outbox, outbox.waiting));
  t.same(came.slice(0, 2), ['1-30', '31']);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
});

t.test('a place that is none of ours is damage, not a place to wait at', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory);
  append(first.outbox, 5);
  await first.outbox.stop();
  const level = new ClassicLevel(directory);
  await level.put('e00000000010000:0', 'whatever');
  await level.close();
  const { outbox, warnings } = await open(t, directory);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  append(outbox, 1);
  t.same(numbers(await take(outbox, outbox.waiting)), ['1-5', '6']);
});

t.test('a cut log: what is left comes, the rest is told of', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory);
  append(first.outbox, 100);
  await take(first.outbox, 100);
  append(first.outbox, 100); // another batch
  await first.outbox.stop();
  const log = await logOf(directory);
  const { length } = await readFile(log);
  await truncate(log, length - 100);
  const { outbox, warnings } = await open(t, directory);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  append(outbox, 1);
  t.same(numbers(await take(outbox, 102)).slice(98), ['99', '100', '101-200', '201']);
});

t.test(
  'flipped bits anywhere in the log: never a wrong event, never a number used again, every hole told of',
  async (t) => {
    for (const place of [0.02, 0.2, 0.5, 0.8, 0.98]) {
      const directory = await home(t);
      const first = await open(t, directory);
      for (let batch = 0; batch < 20; batch++) {
        append(first.outbox, 10);
        await take(first.outbox, 10);
      }
      await first.outbox.stop();
      const log = await logOf(directory);
      const bytes = await readFile(log);
      const index = Math.floor(bytes.length * place);
      bytes[index] = (bytes[index] ?? 0) ^ 0x10;
      await writeFile(log, bytes);
      const { outbox } = await open(t, directory);
      append(outbox, 1);
      const entries = await take(outbox, outbox.waiting);
      const told: number[] = [];
      for (const { record } of entries) {
        const [from, to] = 'gap' in record ? [record.gap.from, record.gap.to] : [record.seq, record.seq];
        for (let seq = from; seq <= to; seq++) told.push(seq);
      }
      t.same(
        told,
        told.map((_, index) => index + 1),
        'every number once, in order: an event or told of as missing',
      );
      t.ok(told.length > 200);
    }
  },
);

t.test('the numbering keeps its name over restarts, and a lost one gets another', async (t) => {
  const directory = await home(t);
  const first = await open(t, directory);
  const { stream } = first.outbox;
  append(first.outbox, 1);
  await first.outbox.stop();
  const second = await open(t, directory);
  t.equal(second.outbox.stream, stream);
  await second.outbox.stop();
  await rm(directory, { recursive: true });
  await rm(`${directory}.seq`);
  const third = await open(t, directory);
  t.not(third.outbox.stream, stream);
  append(third.outbox, 1);
  t.same(numbers(await take(third.outbox, 1)), ['1']);
});

t.test('what has waited too long is given up, counted and told of, and told of once', async (t) => {
  let now = 0;
  const { outbox, warnings } = await open(t, await home(t), { maxAgeMs: 1000, monotonic: () => now });
  append(outbox, 500);
  await waitFor(() => outbox.peek() !== undefined);
  now = 900;
  append(outbox, 10);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(outbox.dropped, 0, 'not before');
  now = 1500;
  await waitFor(() => outbox.dropped === 500);
  append(outbox, 1);
  t.same(numbers(await take(outbox, 12)), ['1-500', ...Array.from({ length: 11 }, (_, i) => String(501 + i))]);
  t.same(warnings, ['ERR_STATE_OUTBOX_FULL']);
});

t.test('what an earlier run left is as old as its time says; a clock that is set makes nothing older', async (t) => {
  const directory = await home(t);
  const hour = 3_600_000;
  const capturedAt = Date.parse(observation().capturedAt);
  const first = await open(t, directory);
  append(first.outbox, 5);
  await first.outbox.stop();

  let utc = capturedAt + hour;
  const options = { maxAgeMs: 2 * hour, now: () => utc, monotonic: () => 0 };
  const young = await open(t, directory, options);
  utc += 1000 * hour; // the time is set right
  append(young.outbox, 5);
  t.same(numbers(await take(young.outbox, 10)), ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  await young.outbox.stop();

  utc = capturedAt + 3 * hour;
  const old = await open(t, directory, options);
  await waitFor(() => old.outbox.dropped === 10);
  append(old.outbox, 1);
  t.same(numbers(await take(old.outbox, 2)), ['1-10', '11']);
  await old.outbox.stop();

  utc = capturedAt - 1000 * hour; // a board that does not know the time yet
  const lost = await open(t, directory, options);
  t.equal(lost.outbox.dropped, 0);
});

async function waitFor(done: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!done()) throw new Error('did not come about within 5 s');
}
