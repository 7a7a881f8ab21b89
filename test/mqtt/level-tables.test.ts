import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { damagedTables } from '../../src/mqtt/level-tables.js';
import { Outbox } from '../../src/mqtt/outbox.js';
import { observation } from '../support/events.js';

/** An outbox whose events lie in a table: LevelDB makes one of its log when it is opened again. */
async function filled(directory: string): Promise<void> {
  for (let start = 0; start < 2; start++) {
    const outbox = new Outbox({ directory, maxEvents: 1000, maxBytes: 1e6, fsync: false });
    await outbox.start();
    for (let i = 0; i < 30; i++) outbox.append(observation({ id: `t${start}.${i}` }));
    await outbox.stop();
  }
}

t.test('a flipped bit anywhere in a table is seen, and a cut one', async (t) => {
  const directory = join(t.testdir(), 'outbox');
  await filled(directory);
  t.same(await damagedTables(directory), []);
  const [name = ''] = (await readdir(directory)).filter((file) => file.endsWith('.ldb'));
  const path = join(directory, name);
  const whole = await readFile(path);
  t.ok(whole.length > 5000, `${whole.length} bytes`);
  const missed: number[] = [];
  // The footer holds places and nothing else; what is behind them is not read.
  const places = [
    ...Array.from({ length: whole.length - 48 }, (_, i) => i).filter((i) => i % 37 === 0),
    whole.length - 1,
  ];
  for (const place of places) {
    const bytes = Buffer.from(whole);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << (place % 8));
    await writeFile(path, bytes);
    if ((await damagedTables(directory)).length !== 1) missed.push(place);
  }
  t.same(missed, []);
  for (const length of [0, 7, 47, 100, whole.length - 1]) {
    await writeFile(path, whole.subarray(0, length));
    t.same(await damagedTables(directory), [name], `cut at ${length}`);
  }
});
