import { cp, readdir, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { append, numbers, openOutbox, outboxDirectory, take, takeAll } from '../../support/outbox.js';

// Written by version 0.1: camera `street` has 30 events, 10 of them delivered, `door` 5, all delivered, `yard` 3.
const left = fileURLToPath(new URL('../../../../test/mqtt/outbox/version-0.1', import.meta.url));

t.test('an outbox of version 0.1 is taken over: its events, their numbers, its stream', async (t) => {
  const directory = await outboxDirectory(t);
  await cp(left, dirname(directory), { recursive: true });
  const { outbox, warnings } = await openOutbox(t, directory);
  t.equal(outbox.stream, '_jACFZcq');
  t.equal(outbox.waiting, 23);
  const entries = await take(outbox, 23);
  const of = (camera: string) =>
    numbers(entries.filter(({ record }) => 'seq' in record && record.observation.camera === camera));
  t.same(
    of('street'),
    Array.from({ length: 20 }, (_, i) => String(i + 11)),
  );
  t.same(of('yard'), ['1', '2', '3']);
  t.match(entries[0]?.record, { seq: 11, observation: { id: 's11' } });
  append(outbox, 1, 'door');
  t.same(numbers(await take(outbox, 1)), ['6']);
  t.equal(outbox.take(), undefined, 'no gap');
  t.same(warnings, []);
  t.same(await readdir(dirname(directory)), ['outbox', 'outbox.seq']);
  for (const entry of entries) outbox.ack(entry);
  await outbox.stop();
  const again = await openOutbox(t, directory);
  append(again.outbox, 1, 'street');
  t.same(numbers(await takeAll(again.outbox)), ['6', '31']);
});

t.test('one that can’t be read is kept, and its events are told of as a gap', async (t) => {
  const directory = await outboxDirectory(t);
  await cp(left, dirname(directory), { recursive: true });
  await truncate(join(directory, 'CURRENT'));
  const { outbox, warnings } = await openOutbox(t, directory);
  t.same(warnings, ['ERR_STATE_OUTBOX_DAMAGED']);
  t.same((await readdir(dirname(directory))).sort(), ['outbox', 'outbox.seq', 'outbox.version-0.1-attempt-1']);
  append(outbox, 1, 'street');
  t.same(numbers(await take(outbox, 4)).sort(), ['1-3', '1-30', '1-5', '31']);
});
