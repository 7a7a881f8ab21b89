import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Outbox } from '../../../src/mqtt/outbox/outbox.js';
import type { OutboxEntry } from '../../../src/mqtt/outbox/queue.js';
import { decode, encode, type Header } from '../../../src/mqtt/outbox/segment.js';
import { observation } from '../../support/events.js';
import { append, numbers, openOutbox, outboxDirectory, spanOf, TestDisk, take, takeAll } from '../../support/outbox.js';
import { until } from '../../support/until.js';

t.test('numbers go up by one a camera, and order is that of arrival', async (t) => {
  const { outbox } = await openOutbox(t, await outboxDirectory(t));
  append(outbox, 2, 'street');
  append(outbox, 1, 'door');
  append(outbox, 1, 'street');
  const taken = await take(outbox, 4);
  t.same(numbers(taken), ['1', '2', '1', '3']);
  t.equal(outbox.waiting, 4);
  for (const entry of taken) outbox.ack(entry);
  t.equal(outbox.waiting, 0);
});

t.test('an event is on disk when append returns, with fsync also when it can be taken', async (t) => {
  for (const fsync of [false, true]) {
    const directory = await outboxDirectory(t);
    const { outbox } = await openOutbox(t, directory, { fsync });
    const [segment = ''] = await readdir(directory);
    const before = (await stat(join(directory, segment))).size;
    append(outbox, 1);
    t.equal(outbox.take() === undefined, fsync, 'with fsync not at once');
    t.ok((await stat(join(directory, segment))).size > before);
    if (fsync) await take(outbox, 1);
  }
});

t.test('with fsync no event can be taken before the disk itself has it', async (t) => {
  const disk = new TestDisk();
  const { outbox } = await openOutbox(t, await outboxDirectory(t), { fsync: true, disk });
  const answer = disk.hang();
  append(outbox, 3);
  await sleep(20);
  t.equal(outbox.peek(), undefined);
  answer();
  t.same(numbers(await take(outbox, 3)), ['1', '2', '3']);
});

t.test('a power cut takes at most 64 numbers that were heard, and none of them is given again', async (t) => {
  const directory = await outboxDirectory(t);
  const disk = new TestDisk();
  const { outbox } = await openOutbox(t, directory, { disk });
  append(outbox, 33); // more than half of what may be ahead of the disk: it is asked
  await until(() => disk.syncs > 1);
  const safe = 33;
  await take(outbox, safe);
  await sleep(50);
  const [name = ''] = (await readdir(directory)).filter((each) => each.endsWith('.segment'));
  const bytes = await readFile(join(directory, name));
  const answer = disk.hang();
  append(outbox, 200);
  const heard: OutboxEntry[] = [];
  for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) heard.push(entry);
  t.ok(heard.length > 0 && heard.length <= 64, `${heard.length} of what the disk does not have`);

  // What the disk has, as the next start of the system finds it.
  const [header = '', ...events] = bytes.toString().split('\n');
  const lost = await outboxDirectory(t);
  await mkdir(lost);
  const before = encode({ ...(decode<Header>(header) as Header), boot: 'another' });
  await writeFile(join(lost, name), before + events.join('\n'));
  const next = await openOutbox(t, lost);
  append(next.outbox, 1);
  const told = numbers(await takeAll(next.outbox));
  t.same(told.slice(-2), [`${safe + 1}-${safe + 64}`, String(safe + 65)]);
  answer();
  await take(outbox, 200 - heard.length);
});

t.test('what was not acknowledged is there again after a restart, and numbers go on', async (t) => {
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory);
  append(first.outbox, 1000);
  for (const entry of await take(first.outbox, 300)) first.outbox.ack(entry);
  await take(first.outbox, 50); // on their way when it stops
  await first.outbox.stop();

  const second = await openOutbox(t, directory);
  t.equal(second.outbox.waiting, 700);
  append(second.outbox, 10);
  t.same(
    numbers(await take(second.outbox, 710)),
    Array.from({ length: 710 }, (_, i) => String(301 + i)),
  );
  t.same(second.warnings, []);
});

t.test('numbers go on when everything had been delivered', async (t) => {
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory);
  append(first.outbox, 3);
  for (const entry of await take(first.outbox, 3)) first.outbox.ack(entry);
  await first.outbox.stop();
  const second = await openOutbox(t, directory);
  append(second.outbox, 1);
  t.same(numbers(await take(second.outbox, 1)), ['4']);
});

t.test('rewind gives what was taken again, but not what was acknowledged out of order', async (t) => {
  const { outbox } = await openOutbox(t, await outboxDirectory(t));
  append(outbox, 1000);
  const taken = await take(outbox, 40);
  for (const index of [0, 1, 5, 6, 30]) outbox.ack(taken[index] as OutboxEntry);
  outbox.rewind();
  const expected = Array.from({ length: 1000 }, (_, i) => String(i + 1)).filter(
    (seq) => !['1', '2', '6', '7', '31'].includes(seq),
  );
  t.same(numbers(await take(outbox, 995)), expected);
});

t.test('a full outbox gives up the oldest and says which, each camera for itself', async (t) => {
  const { outbox, warnings } = await openOutbox(t, await outboxDirectory(t), { maxEvents: 10 });
  for (let i = 0; i < 40; i++) append(outbox, 1, i % 2 === 0 ? 'street' : 'door');
  await until(() => outbox.waiting <= 10);
  t.equal(outbox.waiting, 10);
  t.equal(outbox.dropped, 30);
  t.same(warnings, ['ERR_STATE_OUTBOX_FULL']);
  const gaps = ['1-15', '16', '1-15', '16'];
  t.same(numbers(await takeAll(outbox)), [...gaps, '17', '17', '18', '18', '19', '19', '20', '20']);
});

t.test('the bound in bytes holds, too, and over a restart', async (t) => {
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory, { maxBytes: 4096 });
  append(first.outbox, 500);
  await until(() => first.outbox.waiting < 20);
  await first.outbox.stop();
  const second = await openOutbox(t, directory);
  t.ok(second.outbox.waiting > 5, `${second.outbox.waiting} events of about 250 bytes in 4096`);
  const [gap, ...rest] = numbers(await takeAll(second.outbox));
  t.equal(gap, `1-${500 - rest.length}`);
  t.equal(rest.at(-1), '500');
});

t.test('what is on its way is not given up', async (t) => {
  const { outbox } = await openOutbox(t, await outboxDirectory(t), { maxEvents: 10 });
  append(outbox, 5);
  await take(outbox, 5);
  append(outbox, 10);
  await until(() => outbox.waiting <= 10);
  outbox.rewind();
  t.same(numbers(await takeAll(outbox)), ['1', '2', '3', '4', '5', '6-10', '11', '12', '13', '14', '15']);
});

t.test('an event that the broker will never take becomes a gap, and that comes next', async (t) => {
  const { outbox } = await openOutbox(t, await outboxDirectory(t));
  append(outbox, 3);
  const [first, second] = await take(outbox, 2);
  outbox.reject(first as OutboxEntry);
  const gap = outbox.take() as OutboxEntry;
  t.same(numbers([gap, ...(await take(outbox, 1))]), ['1-1', '3']);
  outbox.ack(second as OutboxEntry);
  outbox.rewind();
  t.same(numbers(await take(outbox, 2)), ['1-1', '3'], 'until it is acknowledged');
  t.equal(outbox.dropped, 1);
});

t.test('what was delivered leaves the disk', async (t) => {
  const directory = await outboxDirectory(t);
  const { outbox } = await openOutbox(t, directory);
  append(outbox, 5000);
  for (const entry of await take(outbox, 5000)) outbox.ack(entry);
  await outbox.stop();
  t.equal((await readdir(directory)).length, 2, 'the last segment, and the mark of a clean end');
});

t.test('a full disk: events go on in memory, bounded, and reach the disk when it has room', async (t) => {
  const directory = await outboxDirectory(t);
  const disk = new TestDisk();
  const { outbox, warnings } = await openOutbox(t, directory, { disk, maxEvents: 100, retryMs: 20 });
  let recovered = 0;
  outbox.on('recovered', () => recovered++);
  append(outbox, 3);
  await take(outbox, 3);
  disk.full = true;
  append(outbox, 5);
  t.same(numbers(await take(outbox, 5)), ['4', '5', '6', '7', '8'], 'taken without a disk');
  append(outbox, 200);
  await until(() => outbox.dropped >= 100);
  t.same(warnings, ['ERR_STATE_OUTBOX_DISK', 'ERR_STATE_OUTBOX_FULL'], 'each said once');
  t.equal(recovered, 0);
  disk.full = false;
  await until(() => recovered === 1);
  const { waiting } = outbox;
  await outbox.stop();
  const second = await openOutbox(t, directory);
  t.equal(second.outbox.waiting, waiting);
  append(second.outbox, 1);
  t.equal(numbers(await takeAll(second.outbox)).at(-1), '209');
});

t.test('a disk that is full at the start: what lay there comes, and the count goes on', async (t) => {
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory);
  append(first.outbox, 2);
  await first.outbox.stop();
  const disk = new TestDisk();
  disk.full = true;
  const { outbox, warnings } = await openOutbox(t, directory, { disk, retryMs: 20 });
  t.same(warnings, ['ERR_STATE_OUTBOX_DISK']);
  append(outbox, 2);
  t.same(numbers(await take(outbox, 4)), ['1', '2', '3', '4']);
  disk.full = false;
  append(outbox, 1);
  await outbox.stop();
  const second = await openOutbox(t, directory);
  t.same(numbers(await takeAll(second.outbox)), ['1', '2', '3', '4', '5']);
});

t.test('what the disk does not take before the end is said to be lost, and told of', async (t) => {
  const directory = await outboxDirectory(t);
  const disk = new TestDisk();
  const { outbox, warnings } = await openOutbox(t, directory, { disk });
  append(outbox, 2);
  disk.full = true;
  append(outbox, 3);
  await outbox.stop();
  t.same(warnings, ['ERR_STATE_OUTBOX_DISK', 'ERR_STATE_OUTBOX_LOST']);
});

t.test('files that vanish while it runs: what memory holds goes on, the rest is told of', async (t) => {
  const directory = await outboxDirectory(t);
  const { outbox, warnings } = await openOutbox(t, directory);
  append(outbox, 3000);
  for (const name of await readdir(directory)) if (name.endsWith('.segment')) await rm(join(directory, name));
  const taken = await takeAll(outbox);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  t.ok(outbox.dropped > 0);
  const told = new Set<number>();
  for (const entry of taken) {
    const { from, to } = spanOf(entry);
    for (let seq = from; seq <= to; seq++) told.add(seq);
  }
  t.equal(told.size, 3000, 'every number is an event or told of');
});

t.test('a directory that can’t be used, or is used, is no place to start', async (t) => {
  const directory = await outboxDirectory(t);
  const { outbox } = await openOutbox(t, directory);
  const other = new Outbox({ directory, maxEvents: 10, maxBytes: 1e6, fsync: false });
  await t.rejects(other.start(), { code: 'ERR_STATE_OUTBOX_IN_USE', exit: 'state' });
  await outbox.stop();
  await t.resolves(other.start(), 'given back');
  await other.stop();
  await writeFile(`${directory}.file`, '');
  const below = new Outbox({ directory: `${directory}.file/outbox`, maxEvents: 10, maxBytes: 1e6, fsync: false });
  await t.rejects(below.start(), { code: 'ERR_STATE_DIRECTORY', exit: 'state', message: /stateDirectory/ });
});

t.test('the numbering keeps its name over restarts, and a lost one gets another', async (t) => {
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory);
  const { stream } = first.outbox;
  append(first.outbox, 1);
  await first.outbox.stop();
  const second = await openOutbox(t, directory);
  t.equal(second.outbox.stream, stream);
  await second.outbox.stop();
  await rm(directory, { recursive: true });
  const third = await openOutbox(t, directory);
  t.not(third.outbox.stream, stream);
  append(third.outbox, 1);
  t.same(numbers(await take(third.outbox, 1)), ['1']);
});

t.test('what has waited too long is given up, counted and told of, and told of once', async (t) => {
  let now = 0;
  const { outbox, warnings } = await openOutbox(t, await outboxDirectory(t), { maxAgeMs: 1000, monotonic: () => now });
  append(outbox, 500);
  now = 900;
  append(outbox, 10);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(outbox.dropped, 0, 'not before');
  now = 1500;
  await until(() => outbox.dropped === 500);
  append(outbox, 1);
  t.same(numbers(await takeAll(outbox)), ['1-500', ...Array.from({ length: 11 }, (_, i) => String(501 + i))]);
  t.same(warnings, ['ERR_STATE_OUTBOX_FULL']);
});

t.test('a gap that no event follows is told, until it is acknowledged', async (t) => {
  let now = 0;
  const directory = await outboxDirectory(t);
  const first = await openOutbox(t, directory, { maxAgeMs: 1000, monotonic: () => now });
  append(first.outbox, 5);
  now = 5000;
  await until(() => first.outbox.dropped === 5);
  t.same(numbers(await takeAll(first.outbox)), ['1-5']);
  await first.outbox.stop();
  const second = await openOutbox(t, directory, { maxAgeMs: 1000 });
  const [gap] = await takeAll(second.outbox);
  t.same(numbers([gap as OutboxEntry]), ['1-5']);
  second.outbox.ack(gap as OutboxEntry);
  await second.outbox.stop();
  const third = await openOutbox(t, directory);
  t.equal(third.outbox.take(), undefined);
});

t.test('what an earlier run left is as old as its time says; a clock that is set makes nothing older', async (t) => {
  const directory = await outboxDirectory(t);
  const hour = 3_600_000;
  const capturedAt = Date.parse(observation().capturedAt);
  const first = await openOutbox(t, directory);
  append(first.outbox, 5);
  await first.outbox.stop();

  let utc = capturedAt + hour;
  const options = { maxAgeMs: 2 * hour, now: () => utc, monotonic: () => 0 };
  const young = await openOutbox(t, directory, options);
  utc += 1000 * hour; // the time is set right
  append(young.outbox, 5);
  t.same(numbers(await takeAll(young.outbox)), ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  await young.outbox.stop();

  utc = capturedAt + 3 * hour;
  const old = await openOutbox(t, directory, options);
  await until(() => old.outbox.dropped === 10);
  append(old.outbox, 1);
  t.same(numbers(await takeAll(old.outbox)), ['1-10', '11']);
  await old.outbox.stop();

  utc = capturedAt - 1000 * hour; // a board that does not know the time yet
  const lost = await openOutbox(t, directory, options);
  t.equal(lost.outbox.dropped, 0);
});

t.test('an outbox whose disk does not answer for half a minute is not well', async (t) => {
  let now = 0;
  const { outbox } = await openOutbox(t, await outboxDirectory(t), { fsync: true, monotonic: () => now });
  t.ok(outbox.isWell);
  outbox.append(observation());
  t.ok(outbox.isWell, 'it has just been asked');
  now += 30_001;
  t.notOk(outbox.isWell);
  await until(() => outbox.peek() !== undefined);
  await until(() => outbox.isWell);
});
