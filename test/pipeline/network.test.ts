import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { type ModelInput, modelCard } from '../../src/contract/model-card.js';
import { loadModel } from '../../src/model/load.js';
import { Detector, InputTensor, Network } from '../../src/pipeline/network.js';

const { runtime } = settingsSchema.parse({});

/** A picture of a few shapes, so that the network has something to answer to. */
function pixels({ width, height }: { width: number; height: number }): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => ((i * 7919) % 256) ^ Math.floor(i / (width * 3)));
}

for (const precision of ['fp32', 'int8'] as const) {
  t.test(`the shipped ${precision} file runs at any size in whole strides`, async (t) => {
    const model = await loadModel('minspnet-s', precision);
    await using network = await Network.load(model, runtime);
    for (const size of [
      { width: 320, height: 192 },
      { width: 256, height: 256 },
      { width: 64, height: 32 },
    ]) {
      const outputs = await network.run(network.prepare(pixels(size), size));
      const { logits = new Float32Array(), distances = new Float32Array() } = outputs;
      const cells = [8, 16, 32].reduce((total, stride) => total + (size.width / stride) * (size.height / stride), 0);
      t.equal(logits.length, model.card.classes.length * cells);
      t.equal(distances.length, 4 * cells);
      t.ok(logits.every(Number.isFinite), 'no infinity, no NaN');
      t.ok(
        distances.every((distance) => distance >= 0),
        'distances are not negative',
      );
    }
  });
}

t.test('the two files agree within what eight bits can hold', async (t) => {
  const size = { width: 320, height: 192 };
  const answers: Float32Array[] = [];
  for (const precision of ['fp32', 'int8'] as const) {
    await using network = await Network.load(await loadModel('minspnet-s', precision), runtime);
    const { logits = new Float32Array() } = await network.run(network.prepare(pixels(size), size));
    answers.push(logits.map((x) => 1 / (1 + Math.exp(-x))));
  }
  const [float, eight] = answers as [Float32Array, Float32Array];
  const difference = float.reduce((sum, score, i) => sum + Math.abs(score - (eight[i] ?? 0)), 0) / float.length;
  t.ok(difference < 0.01, `scores differ by ${difference.toFixed(5)} in the mean`);
});

t.test('a provider that this build lacks is refused aloud', async (t) => {
  await using network = await Network.load(await loadModel('minspnet-s', 'auto'), { ...runtime, provider: 'cuda' });
  t.match(network.provider, {
    requested: 'cuda',
    active: 'cpu',
    reason: /^cuda: no libonnxruntime_providers_cuda.so beside \//,
  });
  t.match(network.model, { precision: 'int8', path: /int8\.onnx$/, onGpu: undefined }, 'and the CPU runs its own file');
});

t.test('a file that is no ONNX model is refused with its name', async (t) => {
  const model = await loadModel('minspnet-s', 'auto');
  const path = `${t.testdir({ 'a.onnx': 'nonsense' })}/a.onnx`;
  await t.rejects(Network.load({ ...model, path }, runtime), { code: 'ERR_MODEL_LOAD', message: /a\.onnx/ });
});

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
const twoPixels = Uint8Array.of(0, 51, 102, 153, 204, 255);
const twoWide = { width: 2, height: 1 };

t.test('our own networks take the bytes themselves', async (t) => {
  const tensor = new InputTensor(ours).make(twoPixels, twoWide);
  t.equal(tensor.data, twoPixels, 'not a copy');
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
  const tensor = new InputTensor(input).make(twoPixels, twoWide);
  t.strictSame([tensor.type, [...tensor.dims]], ['float32', [1, 3, 1, 2]]);
  t.strictSame([...tensor.data], [0, 3, 51, 204, 0, 76.5], 'blue less 102 by 51, green, red by 2');
});

t.test('bytes in another order', async (t) => {
  const tensor = new InputTensor({ ...ours, colour: 'bgr' }).make(twoPixels, twoWide);
  t.strictSame([tensor.type, ...tensor.data], ['uint8', 102, 51, 0, 255, 204, 153]);
});

t.test('the first picture of each size is looked at by whoever wants to know of it', async (t) => {
  await using network = await Network.load(await loadModel('minspnet-n', 'auto'), runtime);
  const steps: string[] = [];
  const detector = new Detector(network, async (detect) => {
    steps.push('before');
    const detections = await detect();
    steps.push('after');
    return detections;
  });
  for (const [width, height] of [
    [64, 32],
    [64, 32],
    [32, 64],
    [64, 32],
  ] as const) {
    const input = { width, height };
    await detector.detect({ bytes: new Uint8Array(width * height * 3), input, fitted: input }, 0.5);
    steps.push(`${width}x${height}`);
  }
  t.strictSame(steps, ['before', 'after', '64x32', '64x32', 'before', 'after', '32x64', '64x32']);
});
