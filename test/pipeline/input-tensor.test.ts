import t from 'tap';
import { type ModelInput, modelCard } from '../../src/contract/model-card.js';
import { InputTensor } from '../../src/pipeline/input-tensor.js';

const ours: ModelInput = modelCard.shape.input.parse({
  name: 'pixels',
  layout: 'nhwc',
  type: 'uint8',
  colour: 'rgb',
  multipleOf: 32,
  fill: 114,
  sizes: [],
});
/** Two pixels in a row, red, green, blue each. */
const pixels = Uint8Array.of(0, 51, 102, 153, 204, 255);
const size = { width: 2, height: 1 };

t.test('our own networks take the bytes themselves', async (t) => {
  const tensor = new InputTensor(ours).make(pixels, size);
  t.equal(tensor.data, pixels, 'not a copy');
  t.strictSame([tensor.type, [...tensor.dims]], ['uint8', [1, 1, 2, 3]]);
});

t.test('planes of floats in another order of colours, normalised', async (t) => {
  const input: ModelInput = {
    ...ours,
    layout: 'nchw',
    type: 'float32',
    colour: 'bgr',
    mean: [102, 0, 0],
    std: [51, 1, 2],
  };
  const tensor = new InputTensor(input).make(pixels, size);
  t.strictSame([tensor.type, [...tensor.dims]], ['float32', [1, 3, 1, 2]]);
  t.strictSame([...tensor.data], [0, 3, 51, 204, 0, 76.5], 'blue less 102 by 51, green, red by 2');
});

t.test('bytes in another order', async (t) => {
  const tensor = new InputTensor({ ...ours, colour: 'bgr' }).make(pixels, size);
  t.strictSame([tensor.type, ...tensor.data], ['uint8', 102, 51, 0, 255, 204, 153]);
});
