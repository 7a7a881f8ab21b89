import t from 'tap';
import { FastestdetDecoder } from '../../../src/pipeline/box-decoder.js';

/** 64x32 in cells of 16: four columns, two rows; two classes. */
const input = { width: 64, height: 32 };
const decoder = new FastestdetDecoder(input, 2, { decoder: 'fastestdet', output: 'out', stride: 16 });
const plane = 8;

t.test('a cell gives its box with the score of both its parts', async (t) => {
  const out = new Float32Array(7 * plane);
  const cell = 4 + 2; // row 1, column 2
  const planes = [0.9, Math.atanh(0.5), Math.atanh(-0.5), 0, Math.log(1 / 3), 0.3, 0.7];
  planes.forEach((value, i) => {
    out[i * plane + cell] = value;
  });
  const { count, boxes, scores, classes } = decoder.decode({ out }, 0.5);
  t.equal(count, 1);
  // Middle (2.5 · 16, 0.5 · 16), half the input wide, a quarter of it high.
  t.strictSame([...boxes.slice(0, 4)].map(Math.round), [24, 4, 56, 12]);
  t.ok(Math.abs((scores[0] ?? 0) - 0.9 ** 0.6 * 0.7 ** 0.4) < 1e-6);
  t.equal(classes[0], 1);
});

t.test('below the lowest score there is nothing; another size is an error', async (t) => {
  t.equal(decoder.decode({ out: new Float32Array(7 * plane).fill(0.1) }, 0.5).count, 0);
  t.throws(() => decoder.decode({ out: new Float32Array(7) }, 0.5), RangeError);
});
