import t from 'tap';
import { Turns } from '../../src/engine/turns.js';

t.test('a camera with much waiting gets no more turns than one with little', async (t) => {
  const turns = new Turns<string>();
  for (let i = 0; i < 5; i += 1) turns.add('greedy', `greedy ${i}`);
  turns.add('modest', 'modest 0');
  t.equal(turns.next(), 'greedy 0');
  t.equal(turns.next(), 'modest 0');
  turns.add('modest', 'modest 1');
  t.equal(turns.next(), 'greedy 1');
  t.equal(turns.next(), 'modest 1');
  t.equal(turns.next(), 'greedy 2');
});

t.test('whoever always has work gets an equal share, however unequal the work', async (t) => {
  const turns = new Turns<string>();
  const backlog: Record<string, number> = { a: 50, b: 2, c: 1, d: 10 };
  for (const [owner, jobs] of Object.entries(backlog)) for (let i = 0; i < jobs; i += 1) turns.add(owner, owner);
  const served: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
  for (let i = 0; i < 400; i += 1) {
    const owner = turns.next() ?? '';
    served[owner] = (served[owner] ?? 0) + 1;
    turns.add(owner, owner);
  }
  t.strictSame(served, { a: 100, b: 100, c: 100, d: 100 });
});

t.test('nothing is left after clear', async (t) => {
  const turns = new Turns<number>();
  turns.add('a', 1);
  turns.clear();
  t.equal(turns.next(), undefined);
});
