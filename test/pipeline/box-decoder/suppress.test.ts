import t from 'tap';
import type { Candidates } from '../../../src/pipeline/box-candidates.js';
import { suppress } from '../../../src/pipeline/box-decoder.js';

function candidates(list: { box: number[]; score: number; class: number }[]): Candidates {
  return {
    count: list.length,
    boxes: Float32Array.from(list.flatMap(({ box }) => box)),
    scores: Float32Array.from(list.map(({ score }) => score)),
    classes: Uint8Array.from(list.map((candidate) => candidate.class)),
  };
}

t.test('of two boxes on one object the better stays, best first', async (t) => {
  const boxes = candidates([
    { box: [0, 0, 10, 10], score: 0.5, class: 0 },
    { box: [1, 1, 11, 11], score: 0.9, class: 0 },
    { box: [50, 50, 60, 60], score: 0.7, class: 0 },
  ]);
  t.strictSame(suppress(boxes, 0.5), [1, 2]);
});

t.test('classes do not suppress each other', async (t) => {
  const boxes = candidates([
    { box: [0, 0, 10, 10], score: 0.5, class: 0 },
    { box: [0, 0, 10, 10], score: 0.9, class: 1 },
  ]);
  t.strictSame(suppress(boxes, 0.5), [1, 0]);
});

t.test('an overlap at the limit is two objects', async (t) => {
  const half = candidates([
    { box: [0, 0, 10, 10], score: 0.9, class: 0 },
    { box: [0, 0, 10, 5], score: 0.8, class: 0 },
  ]);
  t.strictSame(suppress(half, 0.5), [0, 1]);
  t.strictSame(suppress(half, 0.49), [0]);
});

t.test('a box that is suppressed suppresses nothing', async (t) => {
  const chain = candidates([
    { box: [0, 0, 10, 10], score: 0.9, class: 0 },
    { box: [4, 0, 14, 10], score: 0.8, class: 0 },
    { box: [8, 0, 18, 10], score: 0.7, class: 0 },
  ]);
  t.strictSame(suppress(chain, 0.4), [0, 2]);
});

t.test('only the first `count` are looked at', async (t) => {
  const boxes = candidates([{ box: [0, 0, 1, 1], score: 0.9, class: 0 }]);
  t.strictSame(suppress({ ...boxes, count: 0 }, 0.5), []);
});
