import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createLog } from '../../src/daemon/log.js';
import { type Part, Parts } from '../../src/daemon/parts.js';
import { every } from '../../src/daemon/periodic.js';
import { until } from '../support/until.js';

/** Writes down what is done with it. */
function part(name: string, done: string[], own: Partial<Part> = {}): Part {
  return {
    name,
    start: async (signal) => {
      done.push(`start ${name}`);
      await own.start?.(signal);
    },
    stop: async () => {
      done.push(`stop ${name}`);
      await own.stop?.();
    },
  };
}

t.test('parts are started in order and stopped in reverse', async (t) => {
  const done: string[] = [];
  const parts = new Parts(() => t.fail());
  const { signal } = new AbortController();
  await parts.start([part('a', done)], signal);
  await parts.start([part('b', done), part('c', done)], signal);
  await parts.stop(1000);
  t.strictSame(done, ['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
});

t.test('one that can’t be started leaves those before it, which are stopped', async (t) => {
  const done: string[] = [];
  const parts = new Parts(() => t.fail());
  const broken = { start: () => Promise.reject(new Error('no room')) };
  const list = [part('a', done), part('b', done, broken), part('c', done)];
  await t.rejects(parts.start(list, new AbortController().signal), { message: 'no room' });
  await parts.stop(1000);
  t.strictSame(done, ['start a', 'start b', 'stop b', 'stop a']);
});

t.test('one that fails or hangs when it is stopped keeps no other from it', async (t) => {
  const done: string[] = [];
  const failed: string[] = [];
  const parts = new Parts((name, { message }) => failed.push(`${name}: ${message}`));
  const never = () => new Promise<void>(() => {});
  const throws = () => {
    throw new Error('broken');
  };
  const list = [part('a', done), part('hangs', done, { stop: never }), part('fails', done, { stop: throws })];
  await parts.start(list, new AbortController().signal);
  const before = performance.now();
  await parts.stop(100);
  t.ok(performance.now() - before < 1000);
  t.strictSame(done.slice(3), ['stop fails', 'stop hangs', 'stop a']);
  t.strictSame(failed, ['fails: broken']);
});

t.test('a stop during the start: what has not been started never is', async (t) => {
  const done: string[] = [];
  const parts = new Parts(() => t.fail());
  const stopping = new AbortController();
  const slow = { start: () => sleep(50) as Promise<void> };
  const starting = parts.start([part('a', done, slow), part('b', done)], stopping.signal);
  stopping.abort();
  await parts.stop(1000);
  await starting;
  t.strictSame(done, ['start a', 'stop a']);

  const again = new Parts(() => t.fail());
  const hanging = { start: () => new Promise<void>(() => {}) };
  void again.start([part('c', done, hanging), part('d', done)], new AbortController().signal);
  await again.stop(600);
  t.strictSame(done.slice(2), ['start c', 'stop c'], 'a start that hangs is waited for only so long');
});

t.test('what is done again and again survives a throw, and never runs twice at once', async (t) => {
  const log = createLog({ level: 'error', format: 'json' }, false);
  const told: unknown[] = [];
  log.error = ((line: unknown) => told.push(line)) as typeof log.error;
  let calls = 0;
  let running = 0;
  const end = every(
    5,
    async () => {
      calls += 1;
      running += 1;
      t.equal(running, 1);
      await sleep(12);
      running -= 1;
      if (calls <= 2) throw new Error('once');
    },
    log,
    'task',
  );
  await until(() => calls >= 5);
  end();
  const atEnd = calls;
  await sleep(40);
  t.equal(calls, atEnd);
  t.equal(told.length, 1, 'the same reason is told once');
});
