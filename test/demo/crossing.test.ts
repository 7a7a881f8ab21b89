import t from 'tap';
import { crossingOf, footOf, sideOf } from '../../demo/crossing.js';

t.test('left of the direction is negative where y points down', async (t) => {
  // Going up the picture, left is left.
  t.ok(sideOf([5, 10], [5, 0], [2, 5]) < 0);
  t.ok(sideOf([5, 10], [5, 0], [8, 5]) > 0);
  t.equal(Math.abs(sideOf([5, 10], [5, 0], [5, 3])), 0);
});

t.test('from left to right is a-to-b, and back is b-to-a', async (t) => {
  t.equal(crossingOf([5, 10], [5, 0], [2, 5], [8, 5]), 'a-to-b');
  t.equal(crossingOf([5, 10], [5, 0], [8, 5], [2, 5]), 'b-to-a');
  t.equal(crossingOf([5, 0], [5, 10], [2, 5], [8, 5]), 'b-to-a', 'turning the line round turns the direction round');
});

t.test('what passes beside the segment does not cross it', async (t) => {
  t.equal(crossingOf([5, 10], [5, 0], [2, 15], [8, 15]), undefined);
  t.equal(crossingOf([5, 10], [5, 0], [2, 5], [4, 5]), undefined);
});

t.test('the reference point is the middle of the bottom edge', async (t) => {
  t.same(footOf([10, 20, 30, 60]), [20, 60]);
});
