import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runTask, type TaskOptions } from '../../src/bench/run-task.js';

/** A program that gets a task and does what is written there; it has started another one, and names both. */
function program(t: Test, body: string): string {
  const folder = t.testdir({
    'program.mjs': `
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      process.once('message', (task) => {
        const other = spawn('sleep', ['600'], { stdio: 'inherit' });
        const names = JSON.stringify({ pids: [process.pid, other.pid], folder: tmpdir() });
        writeFileSync(import.meta.dirname + '/names.json', names);
        writeFileSync(tmpdir() + '/left.txt', 'over');
        ${body}
      });
    `,
  });
  return join(folder, 'program.mjs');
}

/** Runs it, and looks that nothing is left of it. */
async function ask(t: Test, body: string, options: Partial<TaskOptions<number>> = {}): Promise<unknown> {
  const path = program(t, body);
  try {
    return await runTask<number, number, number>(path, 21, { runtime: {}, ...options });
  } finally {
    const { pids, folder } = JSON.parse(readFileSync(join(path, '../names.json'), 'utf8'));
    for (const pid of pids) t.notOk(runs(pid), 'no process is left');
    t.notOk(existsSync(folder), 'nor its folder');
  }
}

/** A zombie that its new parent has yet to bury runs no more. */
function runs(pid: number): boolean {
  if (!readdirSync('/proc').includes(String(pid))) return false;
  return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

t.test('a program answers, and it and what it started are gone', async (t) => {
  const heard: number[] = [];
  const body = `
    process.send({ kind: 'progress', progress: 0.5 });
    process.send({ kind: 'result', result: 2 * task });`;
  t.equal(await ask(t, body, { onProgress: (done) => void heard.push(done) }), 42);
  t.strictSame(heard, [0.5]);
});

t.test('it says what is wrong, as an error of ours', async (t) => {
  const error = { code: 'ERR_SOURCE_EMPTY', exit: 'source', message: 'no picture' };
  await t.rejects(ask(t, `process.send({ kind: 'error', error: ${JSON.stringify(error)} })`), error);
});

t.test('it dies, with and without a signal, and at once', async (t) => {
  const died = (how: RegExp) => ({ code: 'ERR_ENGINE_MEASURE', message: how });
  await t.rejects(ask(t, 'process.exit(3)'), died(/ended with exit code 3/));
  await t.rejects(ask(t, "process.kill(process.pid, 'SIGSEGV')"), died(/killed by SIGSEGV/));
  await t.rejects(runTask(join(t.testdir(), 'none.mjs'), 1, { runtime: {} }), died(/exit code 1/));
});

t.test('it hangs, and even hears no signal', async (t) => {
  const hangs = "process.on('SIGTERM', () => {}); for (;;);";
  await t.rejects(ask(t, hangs, { timeoutMs: 6000 }), { code: 'ERR_ENGINE_MEASURE', message: /after 6 s/ });
});

t.test('whoever asked has no use for it any more', async (t) => {
  const stop = new AbortController();
  const begun = "process.send({ kind: 'progress', progress: 0 })";
  const onProgress = () => stop.abort(new Error('enough'));
  await t.rejects(ask(t, begun, { signal: stop.signal, onProgress }), /enough/);
  await t.rejects(runTask('/none', 1, { runtime: {}, signal: stop.signal }), /enough/, 'not begun at all');
});
