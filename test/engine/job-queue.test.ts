import t from 'tap';
import { JobQueue } from '../../src/engine/job-queue.js';
import { until } from '../support/until.js';

/** A queue, and who was served; each job takes a turn of the event loop. */
function setUp() {
  const served: string[] = [];
  const errors: unknown[] = [];
  const queue = new JobQueue((error) => errors.push(error));
  const add = (owner: string, then = () => {}) => {
    queue.add(owner, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      served.push(owner);
      then();
    });
  };
  return { queue, served, errors, add };
}

t.test('a camera with much waiting gets no more turns than one with little', async (t) => {
  const { served, add } = setUp();
  add('first'); // it runs while the others are added
  for (let i = 0; i < 5; i += 1) add('greedy');
  add('modest');
  await until(() => served.length === 7);
  t.strictSame(served, ['first', 'greedy', 'modest', 'greedy', 'greedy', 'greedy', 'greedy']);
});

t.test('whoever always has work gets an equal share, however unequal the work', async (t) => {
  const { queue, served, add } = setUp();
  const again = (owner: string) => add(owner, () => again(owner));
  add('first'); // it runs while the others are added
  for (const [owner, jobs] of Object.entries({ a: 50, b: 2, c: 1, d: 10 })) {
    for (let i = 0; i < jobs; i += 1) again(owner);
  }
  await until(() => served.length >= 401);
  await queue.stop();
  const shares = ['a', 'b', 'c', 'd'].map((owner) => served.slice(1, 401).filter((one) => one === owner).length);
  t.strictSame(shares, [100, 100, 100, 100]);
});

t.test('its end waits for the job that runs, and for no other', async (t) => {
  const { queue, served, add } = setUp();
  let finish = () => {};
  queue.add('a', async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    served.push('the network has run');
  });
  add('b');
  const stopped = queue.stop().then(() => served.push('stopped'));
  add('c');
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(served, []);
  finish();
  await stopped;
  t.strictSame(served, ['the network has run', 'stopped']);
});

t.test('a job that fails is told of, and the next one is done', async (t) => {
  const { queue, served, errors, add } = setUp();
  queue.add('a', async () => {
    throw new Error('no such layer');
  });
  await until(() => errors.length === 1);
  add('a');
  await until(() => served.length === 1);
  t.match(errors, [/no such layer/]);
});
