import t from 'tap';
import { MinspnetDecoder } from '../../../src/pipeline/box-decoder.js';

const input = { width: 64, height: 32 };
/** Strides 8, 16, 32 of 64x32: 8x4 + 4x2 + 2x1. */
const cells = 32 + 8 + 2;

function decoderOf(classes: number, strides = [8, 16, 32]): MinspnetDecoder {
  return new MinspnetDecoder(input, classes, {
    decoder: 'minspnet',
    logits: 'logits',
    distances: 'distances',
    strides,
  });
}

function outputs(classes: number) {
  return { logits: new Float32Array(classes * cells).fill(-10), distances: new Float32Array(4 * cells) };
}

t.test('a cell of each stride gives its box', async (t) => {
  const { logits, distances } = outputs(3);
  // Stride 8, row 1, column 2: centre (20, 12). Stride 16, row 1, column 0: (8, 24). Stride 32, column 1: (48, 16).
  for (const [cell, classIndex] of [
    [1 * 8 + 2, 0],
    [32 + 4, 2],
    [40 + 1, 1],
  ] as const) {
    logits[classIndex * cells + cell] = 2;
    distances.set([1], cell);
    distances.set([2], cells + cell);
    distances.set([3], 2 * cells + cell);
    distances.set([4], 3 * cells + cell);
  }
  const { count, boxes, scores, classes } = decoderOf(3).decode({ logits, distances }, 0.5);
  t.equal(count, 3);
  t.strictSame([...classes.slice(0, 3)], [0, 1, 2], 'class by class');
  t.strictSame([...boxes.slice(0, 12)], [19, 10, 23, 16, 47, 14, 51, 20, 7, 22, 11, 28]);
  t.ok(Math.abs((scores[0] ?? 0) - 1 / (1 + Math.exp(-2))) < 1e-6);
});

t.test('boxes are clipped to the input', async (t) => {
  const { logits, distances } = outputs(1);
  logits[0] = 5;
  distances.fill(1000);
  const { boxes } = decoderOf(1).decode({ logits, distances }, 0.5);
  t.strictSame([...boxes.slice(0, 4)], [0, 0, 64, 32]);
});

t.test('the lowest score is a limit; NaN is never an object', async (t) => {
  const { logits, distances } = outputs(1);
  logits.set([-0.01, 0, 0.01, Number.NaN]);
  const decoder = decoderOf(1);
  t.equal(decoder.decode({ logits, distances }, 0.5).count, 2);
  t.equal(decoder.decode({ logits, distances }, 0).count, cells - 1, 'a lowest score of 0 gives every cell');
});

t.test('outputs of another size than the card promises are an error', async (t) => {
  const { logits, distances } = outputs(1);
  t.throws(() => decoderOf(1, [8, 16]).decode({ logits, distances }, 0.5), RangeError);
});
