import t from 'tap';
import type { RuntimeSettings } from '../../src/config/schema.js';
import { loadModel } from '../../src/model/load.js';
import { openModel } from '../../src/pipeline/open-model.js';
import type { ProviderName } from '../../src/pipeline/provider.js';

/** Which file runs where ONNX Runtime has these providers and no other; `opened` is each attempt, in order. */
async function openOn(
  runs: ProviderName[],
  provider: RuntimeSettings['provider'],
  precision: 'auto' | 'fp32' | 'int8' = 'auto',
) {
  const opened: string[] = [];
  const { session, model, ...rest } = await openModel(
    await loadModel('minspnet-s', precision),
    { provider },
    async (path, [first = 'cpu']) => {
      opened.push(`${first} ${/fp32|int8/.exec(path)}`);
      if (!runs.includes(first)) throw new Error('is unsupported');
      return path;
    },
  );
  const { active } = rest.provider;
  return { opened, active, precision: model.precision, tellsItsFile: model.path === session && !('onGpu' in model) };
}

t.test('where the precision is left open, a GPU runs FP32 and the CPU INT8', async (t) => {
  const all: ProviderName[] = ['tensorrt', 'cuda', 'cpu'];
  const cases = [
    { runs: all, asked: 'cuda', opened: ['cuda fp32'], active: 'cuda', precision: 'fp32' },
    { runs: all, asked: 'cpu', opened: ['cpu int8'], active: 'cpu', precision: 'int8' },
    { runs: all, asked: 'tensorrt', opened: ['tensorrt fp32'], active: 'tensorrt', precision: 'fp32' },
    { runs: ['cpu'], asked: 'cuda', opened: ['cuda fp32', 'cpu int8'], active: 'cpu', precision: 'int8' },
    {
      runs: ['cuda', 'cpu'],
      asked: 'tensorrt',
      opened: ['tensorrt fp32', 'cuda fp32'],
      active: 'cuda',
      precision: 'fp32',
    },
  ] as const;
  for (const { runs, asked, ...expected } of cases) {
    const found = await openOn([...runs], asked);
    t.strictSame(found, { ...expected, tellsItsFile: true }, `${asked} of ${runs}`);
  }
});

t.test('a precision that is named runs everywhere', async (t) => {
  t.match(await openOn(['cuda'], 'cuda', 'int8'), { opened: ['cuda int8'], precision: 'int8', tellsItsFile: true });
  t.match(await openOn(['cpu'], 'cuda', 'fp32'), { opened: ['cuda fp32', 'cpu fp32'], precision: 'fp32' });
});
