import t from 'tap';
import { YoloxDecoder } from '../../../src/pipeline/box-decoder.js';

/** Strides 8 and 32 of 64x32: 8x4 + 2x1 cells, three classes. */
const input = { width: 64, height: 32 };
const output = { decoder: 'yolox' as const, output: 'out', strides: [8, 32] };
const cells = 32 + 2;
const decoder = new YoloxDecoder(input, 3, output);

/** One cell with a box, all others empty. */
function values(cell: number, row: number[]): Float32Array {
  const all = new Float32Array(cells * 8);
  all.set(row, cell * 8);
  return all;
}

t.test('x and y count from the cell’s corner, sizes are logarithms, scores are products', async (t) => {
  // Stride 8, row 1, column 2.
  const out = values(8 + 2, [0.5, 0.25, Math.log(2), Math.log(1.5), 0.8, 0.1, 0.2, 0.5]);
  const { count, boxes, scores, classes } = decoder.decode({ out }, 0.3);
  t.equal(count, 1);
  t.strictSame([...boxes.slice(0, 4)].map(Math.round), [12, 4, 28, 16]);
  t.ok(Math.abs((scores[0] ?? 0) - 0.4) < 1e-6);
  t.equal(classes[0], 2, 'the best class only');
});

t.test('the cells of a later stride follow, and boxes are clipped', async (t) => {
  const out = values(32 + 1, [0.5, 0.5, 1, 1, 1, 0, 1, 0]);
  const { boxes, classes } = decoder.decode({ out }, 0.5);
  const half = (Math.E * 32) / 2;
  t.strictSame([...boxes.slice(0, 4)], [Math.fround(48 - half), 0, 64, 32]);
  t.equal(classes[0], 1);
});

t.test('below the lowest score there is nothing; another size is an error', async (t) => {
  t.equal(decoder.decode({ out: values(0, [0, 0, 0, 0, 0.5, 0.5, 0, 0]) }, 0.3).count, 0);
  t.throws(() => decoder.decode({ out: new Float32Array(8) }, 0.3), RangeError);
  t.throws(() => decoder.decode({}, 0.3), RangeError);
});
