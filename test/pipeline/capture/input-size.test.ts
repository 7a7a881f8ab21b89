import t from 'tap';
import type { ModelCard } from '../../../src/contract/model-card.js';
import { chosenSize, fit, inputSize } from '../../../src/pipeline/capture/input-size.js';

const budget = 256 * 256;

t.test('the input follows the picture’s aspect ratio', async (t) => {
  t.strictSame(inputSize({ width: 1920, height: 1080 }, 32), { width: 320, height: 192 });
  t.strictSame(inputSize({ width: 640, height: 360 }, 32), { width: 320, height: 192 });
  t.strictSame(inputSize({ width: 500, height: 500 }, 32), { width: 256, height: 256 });
  t.strictSame(inputSize({ width: 1080, height: 1920 }, 32), { width: 192, height: 320 });
});

t.test('any picture gets an input within the budget, in whole strides', async (t) => {
  for (let width = 16; width <= 4096; width = Math.ceil(width * 1.37)) {
    for (let height = 16; height <= 4096; height = Math.ceil(height * 1.37)) {
      const input = inputSize({ width, height }, 32);
      const ok = input.width % 32 === 0 && input.height % 32 === 0 && input.width * input.height <= budget;
      if (!ok) t.fail(`${width}x${height} got ${input.width}x${input.height}`);
    }
  }
  t.equal(inputSize({ width: 10_000, height: 1 }, 32).height, 32, 'a line of pixels gets the lowest input');
});

t.test('a picture is fitted inside with its aspect ratio kept', async (t) => {
  t.strictSame(fit({ width: 768, height: 432 }, { width: 320, height: 192 }), { width: 320, height: 180 });
  t.strictSame(fit({ width: 100, height: 400 }, { width: 256, height: 256 }), { width: 64, height: 256 });
  t.strictSame(fit({ width: 10_000, height: 1 }, { width: 256, height: 32 }), { width: 256, height: 1 });
});

t.test('the size that was asked for, or the only one that there is', async (t) => {
  const card = (fixed?: [number, number]) =>
    ({ name: 'm', input: { multipleOf: 32, ...(fixed && { fixed }) } }) as ModelCard;
  t.equal(chosenSize(card(), undefined), undefined);
  t.strictSame(chosenSize(card(), [320, 192]), { width: 320, height: 192 });
  t.strictSame(chosenSize(card([416, 416]), undefined), { width: 416, height: 416 });
  t.strictSame(chosenSize(card([416, 416]), [416, 416]), { width: 416, height: 416 });
  t.throws(() => chosenSize(card(), [320, 190]), { code: 'ERR_CONFIG_SIZE', message: /multiples of 32/ });
  t.throws(() => chosenSize(card([416, 416]), [320, 192]), { code: 'ERR_CONFIG_SIZE', message: /416x416 only/ });
});
