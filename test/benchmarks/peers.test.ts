import { execFile } from 'node:child_process';
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

t.test('without the peers’ files, bench:peers says which one and what to do', async (t) => {
  const script = fileURLToPath(new URL('../../benchmarks/peers.js', import.meta.url));
  await t.rejects(promisify(execFile)(process.execPath, [script, '--peers', t.testdir()]), {
    code: 66,
    stderr: /yolox_nano\.onnx is not there.*--peers/,
  });
});
