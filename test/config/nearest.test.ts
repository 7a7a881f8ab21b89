import t from 'tap';
import { editDistance, nearestName } from '../../src/config/issue.js';

t.test('edit distance', async (t) => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['url', 'ulr', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
    ['source', 'sorce', 1],
  ];
  for (const [a, b, distance] of cases) {
    t.equal(editDistance(a, b), distance, `${a} ${b}`);
    t.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

t.test('the nearest name', async (t) => {
  const known = ['url', 'username', 'password', 'baseTopic', 'connectSeconds'];
  t.equal(nearestName('ulr', known), 'url');
  t.equal(nearestName('base_topic', known), 'baseTopic');
  t.equal(nearestName('user', ['url', 'username']), undefined, 'too far from both');
  t.equal(nearestName('passwort', known), 'password');
  t.equal(nearestName('xyzzy', known), undefined);
  t.equal(nearestName('x'.repeat(100_000), known), undefined);
  t.equal(nearestName('url', []), undefined);
});
