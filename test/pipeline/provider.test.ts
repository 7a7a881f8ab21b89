import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { tryNetwork } from '../../src/commands/doctor/model.js';
import { type RuntimeSettings, settingsSchema } from '../../src/config/schema.js';
import { loadModel } from '../../src/model/load.js';
import { openModel, type ProviderName } from '../../src/pipeline/provider.js';

const run = promisify(execFile);
const model = await loadModel('minspnet-s', 'auto');
const binding = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const packaged = join(binding, `bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime.so.1`);

t.test('the first provider that runs is taken, and the reasons of the others are kept', async (t) => {
  const tried: ProviderName[][] = [];
  const { provider, session } = await openModel(model, { provider: 'tensorrt' }, async (_, providers) => {
    tried.push(providers);
    if (providers[0] !== 'cpu') throw new Error('is unsupported');
    return 'a session';
  });
  t.strictSame(tried, [['tensorrt', 'cpu'], ['cuda', 'cpu'], ['cpu']]);
  t.equal(session, 'a session');
  t.match(provider, { requested: 'tensorrt', active: 'cpu', reason: /^tensorrt: .*; cuda: / });
});

t.test('what fails on the CPU is not the provider’s fault', async (t) => {
  await t.rejects(
    openModel(model, { provider: 'auto' }, async () => {
      throw new Error('no model');
    }),
    { message: 'no model' },
  );
});

t.test('auto passes over what this library does not come with, and says nothing of it', async (t) => {
  const { provider } = await openModel(model, { provider: 'auto' }, async (_, [first]) => first);
  t.strictSame(provider, { requested: 'auto', active: 'cpu' });
});

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

/** Loads the model on the named library, as the engine would. */
async function loadOn(
  library: string | undefined,
  provider: ProviderName,
  precision: 'auto' | 'fp32' | 'int8' = 'fp32',
) {
  const { runtime } = settingsSchema.parse({ runtime: { provider, ...(library !== undefined && { library }) } });
  const loaded = await tryNetwork(await loadModel('minspnet-s', precision), runtime);
  return 'error' in loaded ? { ...loaded.error } : { ...loaded.provider, loaded: loaded.library, sum: loaded.sum };
}

t.test('a named library runs, whatever its file is called', { skip: !existsSync(packaged) }, async (t) => {
  const library = join(t.testdir(), 'libonnxruntime.so.mine');
  copyFileSync(packaged, library);
  t.match(await loadOn(library, 'cpu'), { active: 'cpu', library, loaded: realpathSync(library) });
});

t.test('a named library that can’t be used is an error, never the package’s in its place', async (t) => {
  const missing = await loadOn(join(t.testdir(), 'libonnxruntime.so.1'), 'cpu');
  t.match(missing, { code: 'ERR_CONFIG_LIBRARY', message: /there is no such file/ });
  const library = join(t.testdir({ 'libonnxruntime.so.1': 'no library' }), 'libonnxruntime.so.1');
  t.match(await loadOn(library, 'cpu'), { code: 'ERR_CONFIG_LIBRARY', message: /was loaded instead/ });
});

/** The libraries of the PyPI package, where it is installed in the version of ours. */
async function pythonLibrary(): Promise<string | undefined> {
  const script = 'import onnxruntime, os; print(onnxruntime.__version__, os.path.dirname(onnxruntime.__file__))';
  const python = process.env.TEST_PYTHON ?? 'python3';
  const { stdout } = await run(python, ['-c', script]).catch(() => ({ stdout: '' }));
  const [version = '', ...folder] = stdout.trim().split(' ');
  const ours = createRequire(import.meta.url)('onnxruntime-node/package.json').version as string;
  const library = join(folder.join(' '), 'capi', `libonnxruntime.so.${version}`);
  return version === ours && existsSync(library) ? library : undefined;
}

const fromPython = await pythonLibrary();
const noPython = fromPython === undefined && 'no Python with onnxruntime of our version: see TEST_PYTHON';

t.test('the library of the PyPI package runs, and CUDA is refused with its reason', { skip: noPython }, async (t) => {
  const answer = await loadOn(fromPython, 'cuda');
  if (existsSync('/dev/nvidiactl')) return t.pass('there is a GPU: the next test is for it');
  t.match(answer, { loaded: realpathSync(fromPython ?? ''), active: 'cpu', reason: /^cuda: \S/ });
});

const noGpu = existsSync('/dev/nvidiactl') ? noPython : 'this machine has no NVIDIA GPU (/dev/nvidiactl)';

t.test('CUDA runs the FP32 network on a GPU, and finds what the CPU finds', { skip: noGpu }, async (t) => {
  const answer = await loadOn(fromPython, 'cuda', 'auto'); // INT8’s sum differs by more than a hundredth
  t.match(answer, { requested: 'cuda', active: 'cuda', reason: undefined });
  const [ours, reference] = [answer, await loadOn(undefined, 'cpu')].map((one) =>
    'sum' in one ? one.sum : Number.NaN,
  );
  const ratio = (ours ?? Number.NaN) / (reference ?? Number.NaN);
  t.ok(Math.abs(ratio - 1) < 1e-3, `the logits add up to ${ours}, on the CPU to ${reference}`);
});
