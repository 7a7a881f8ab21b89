import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { modelCard } from '../../src/contract/model-card.js';

const ours = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'cat', 'dog'];

for (const peer of readdirSync('benchmarks/peers')) {
  t.test(`the card of ${peer} is one, and names our classes as we do`, async (t) => {
    const card = modelCard.parse(JSON.parse(readFileSync(`benchmarks/peers/${peer}/card.json`, 'utf8')));
    t.equal(card.name, peer);
    t.strictSame(
      ours.filter((name) => !card.classes.includes(name)),
      [],
    );
    t.equal(new Set(card.classes).size, 80);
    t.ok(card.accuracy?.some(({ set, precision }) => set === 'edge8-val' && precision === 'fp32'));
  });
}

const script = fileURLToPath(new URL('../../benchmarks/peers.js', import.meta.url));
const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);

t.test('without the peers’ files, bench:peers says which one and what to do', async (t) => {
  await t.rejects(run('--peers', t.testdir()), {
    code: 66,
    stderr: /yolox_nano\.onnx is not there.*--peers/,
  });
});

t.test('without such a Python, --plain says what it needs', async (t) => {
  await t.rejects(run('--plain', '/no/python'), { code: 64, stderr: /can’t be started.*onnxruntime and numpy/ });
});

const python = process.env.TEST_PYTHON ?? 'python3';
const noPython =
  spawnSync(python, ['-c', 'import numpy, onnxruntime']).status !== 0 && 'needs onnxruntime and numpy: see TEST_PYTHON';

t.test('our networks beside a plain loop', { skip: noPython }, async (t) => {
  const { stdout } = await run('--plain', python, '--seconds', '4', '--sizes', '192x192');
  const ratios = [...stdout.matchAll(/^\| minspnet-\w \w+ \| 192x192 \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|/gm)];
  t.equal(ratios.length, 2);
  for (const [, ratio] of ratios) t.ok(Number(ratio) > 0.3 && Number(ratio) < 3, `${ratio}`); // one and the same work
});
