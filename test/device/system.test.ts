import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { System } from '../../src/device/system.js';
import { plant } from './fixtures/boards.js';

/** A file that nobody has written to yet: reading it blocks, as a stuck I2C bus does. */
function blockingFile(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}

/** Ends the reads that block there, now or within a second. A thread that still waits would keep this process. */
function write(path: string, text: string): Promise<unknown> {
  return promisify(execFile)('timeout', ['1', 'sh', '-c', `printf '${text}' > '${path}'`]).catch(() => undefined);
}

function program(folder: string, name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

t.test('a file that is missing, a folder, or no number, is undefined', async (t) => {
  const system = new System(plant(t.testdir(), { good: '42\n', bad: '42 apples', empty: '', 'a/b': '1' }));
  t.equal(await system.integer('good'), 42);
  for (const path of ['bad', 'empty', 'a', 'missing']) t.equal(await system.integer(path), undefined, path);
  t.equal(await system.text('missing'), undefined);
  t.strictSame(await system.list('missing'), []);
});

t.test('numbers in names count as numbers', async (t) => {
  const system = new System(plant(t.testdir(), { 'd/hwmon10': '', 'd/hwmon9': '', 'd/hwmon0': '' }));
  t.strictSame(await system.list('d'), ['hwmon0', 'hwmon9', 'hwmon10']);
});

t.test('a file that blocks is given up in time, is not asked again, and comes back', async (t) => {
  const root = plant(t.testdir(), { other: '7' });
  const fifo = blockingFile(join(root, 'stuck'));
  const system = new System(root, { fileMs: 100 });
  const before = performance.now();
  t.equal(await system.text('stuck'), undefined);
  t.ok(performance.now() - before < 1000);
  const again = performance.now();
  t.equal(await system.text('stuck'), undefined);
  t.ok(performance.now() - again < 50, 'at once');
  t.equal(await system.integer('other'), 7, 'others go on');
  await write(fifo, '5');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const patient = new System(root, { fileMs: 1000 });
  const [value] = await Promise.all([patient.integer('stuck'), write(fifo, '6')]);
  t.equal(value, 6);
});

t.test('files that hang never take all threads', async (t) => {
  const root = plant(t.testdir(), { answers: 'yes' });
  const fifos = ['a', 'b', 'c', 'd'].map((name) => blockingFile(join(root, name)));
  const system = new System(root, { fileMs: 50 });
  for (const name of ['a', 'b', 'c', 'd']) t.equal(await system.text(name), undefined);
  // Two of libuv's four threads are left, so another one still reads.
  t.equal(await new System(root).text('answers'), 'yes');
  await Promise.all(fifos.slice(0, 2).map((fifo) => write(fifo, 'x')));
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(await system.text('answers'), 'yes', 'and so does this one when they are free again');
});

t.test('a program that hangs, fails, floods or is not there', async (t) => {
  const bin = t.testdir();
  program(bin, 'fine', 'echo "$1"');
  program(bin, 'hangs', 'exec sleep 60');
  program(bin, 'fails', 'echo until then; exit 3');
  program(bin, 'floods', 'exec yes');
  const system = new System('/', { searchPath: `${bin}:/usr/bin:/bin`, commandMs: 1000 });
  t.strictSame(await system.run('fine', ['a b']), { stdout: 'a b\n' });
  t.strictSame(await system.run('hangs', [], 100), { stdout: '', failure: 'timeout' });
  t.strictSame(await system.run('fails', []), { stdout: 'until then\n', failure: 'failed' });
  t.match(await system.run('floods', []), { failure: String });
  t.strictSame(await system.run('no-such-program', []), { stdout: '', failure: 'absent' });
});
