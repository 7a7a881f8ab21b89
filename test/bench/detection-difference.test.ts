import t from 'tap';
import { compare, type FoundBox, isWithin } from '../../src/bench/detection-difference.js';

const person = (score: number, left: number): FoundBox => ({ class: 'person', score, box: [left, 10, left + 40, 110] });
const picture = (...boxes: FoundBox[]) => [boxes];

t.test('the same boxes in another order do not differ', async (t) => {
  const difference = compare(picture(person(0.9, 0), person(0.5, 20)), picture(person(0.5, 20), person(0.9, 0)));
  t.same(difference, { matched: 2, alone: [], score: 0, pixels: 0 });
});

t.test('the largest difference of scores and of edges', async (t) => {
  const difference = compare(picture(person(0.9, 0), person(0.5, 100)), picture(person(0.7, 1), person(0.5, 104)));
  t.match(difference, { matched: 2, alone: [], pixels: 4 });
  t.ok(Math.abs(difference.score - 0.2) < 1e-9);
});

t.test('what has another class, lies elsewhere or is missing stays alone', async (t) => {
  const car: FoundBox = { ...person(0.8, 0), class: 'car' };
  t.equal(compare(picture(person(0.8, 0)), picture(car)).alone.length, 2);
  t.equal(compare(picture(person(0.8, 0)), picture(person(0.8, 200))).alone.length, 2);
  t.same(compare(picture(person(0.8, 0)), picture()), { matched: 0, alone: [person(0.8, 0)], score: 0, pixels: 0 });
});

t.test('a different number of pictures is an error', async (t) => {
  t.throws(() => compare(picture(), []), /1 pictures, and 0/);
});

t.test('a tolerance explains small differences, and boxes that are missing near the least score', async (t) => {
  const tolerance = { score: 0.1, pixels: 2 };
  const within = (...second: FoundBox[]) =>
    isWithin(compare(picture(person(0.9, 0), person(0.35, 200)), picture(...second)), tolerance, 0.3);
  t.ok(within(person(0.85, 1), person(0.4, 201)));
  t.ok(within(person(0.9, 0)), 'the weak one is missing');
  t.notOk(within(person(0.75, 0), person(0.35, 200)), 'another score');
  t.notOk(within(person(0.9, 3), person(0.35, 200)), 'another place');
  t.notOk(within(person(0.35, 200)), 'the strong one is missing');
  t.notOk(isWithin(compare(picture(), picture()), tolerance, 0.3), 'nothing was compared');
});
