import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { provenDocument } from '../../proofs/proven.js';
import { runCamera } from '../../src/commands/proof/camera-run.js';
import { proofPage } from '../../src/commands/proof/page.js';
import { testBoxes } from '../../src/commands/proof/self-test.js';
import { withoutOwner } from '../../src/commands/proof.js';
import { settingsSchema } from '../../src/config/schema.js';
import { isDone, type Proof, proof, reference } from '../../src/contract/proof.js';
import { shippedModels } from '../../src/model/list.js';
import { schemaMistake } from '../support/schemas.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const run = promisify(execFile);
const { runtime } = settingsSchema.parse({});

/** The proofs that are committed; the whole command makes one in `.ci/run`. */
async function committed(): Promise<Proof[]> {
  const names = (await readdir('proofs')).filter((name) => name.endsWith('.json'));
  return Promise.all(names.map(async (name) => proof.parse(JSON.parse(await readFile(`proofs/${name}`, 'utf8')))));
}

t.test('a camera whose engine is killed and whose broker is lost tells every event once', async (t) => {
  const model = { precision: 'int8', size: [192, 128] } as const;
  let done = 0;
  const onProgress = (part: number) => {
    done = part;
  };
  const run = await runCamera({
    source: 'demo',
    seconds: 9,
    runtime,
    model: { ...model, size: [192, 128] },
    onProgress,
  });
  t.match(run.events, { lost: 0, twice: 0 });
  t.ok(run.events.told > 3, `${run.events.told} events`);
  t.ok(run.engineKilled.recoveredMs > 50, 'there was a time without an engine');
  t.equal(run.brokerLost.seconds, 1.5);
  t.ok(run.pictures > 10);
  t.equal(run.kind, 'demo');
  t.ok(done > 0.9);
});

t.test('boxes that are not those of the reference are told', async (t) => {
  const [model] = await shippedModels('detect');
  if (model === undefined) throw new Error('no detector');
  for (const result of await testBoxes(model, runtime, () => {})) {
    t.match(result, { within: true, pictures: 20 });
    t.ok(result.matched >= 20, `${result.matched} boxes`);
  }
  const folder = join(t.testdir({}), model.card.name);
  await cp(model.folder, folder, { recursive: true });
  const path = join(folder, 'reference.json');
  const wanted = reference.parse(JSON.parse(await readFile(path, 'utf8')));
  // All is where another model would have seen it.
  const moved = wanted.boxes.int8?.pictures.map((boxes) =>
    boxes.map(({ box: [left, top, right, bottom], ...rest }) => ({ ...rest, box: [left, top + 9, right, bottom + 9] })),
  );
  await writeFile(
    path,
    JSON.stringify({ ...wanted, boxes: { ...wanted.boxes, int8: { ...wanted.boxes.int8, pictures: moved } } }),
  );
  const results = await testBoxes({ ...model, folder }, runtime, () => {});
  t.match(
    results.map(({ precision, within }) => ({ precision, within })),
    [
      { precision: 'fp32', within: true },
      { precision: 'int8', within: false },
    ],
  );
  await writeFile(
    path,
    JSON.stringify({ ...wanted, boxes: { ...wanted.boxes, fp32: { sha256: 'other', pictures: [] } } }),
  );
  await t.rejects(
    testBoxes({ ...model, folder }, runtime, () => {}),
    { code: 'ERR_MODEL_REFERENCE' },
  );
});

t.test('each shipped detector has a reference of its own files', async (t) => {
  for (const { card, folder } of await shippedModels('detect')) {
    const { boxes } = reference.parse(JSON.parse(await readFile(join(folder, 'reference.json'), 'utf8')));
    for (const precision of ['fp32', 'int8'] as const) {
      t.equal(boxes[precision]?.sha256, card.files[precision]?.sha256, `${card.name} ${precision}: npm run reference`);
    }
  }
});

t.test('docs/proven.md is made of proofs/', async (t) => {
  const words = (text: string) => text.replaceAll(/[\s|-]+/g, ' ');
  t.equal(words(await readFile('docs/proven.md', 'utf8')), words(await provenDocument('proofs')), 'npm run proven');
});

t.test('a proof holds nothing of its owner, and its page loads nothing', async (t) => {
  const [one] = await committed();
  if (one === undefined || !isDone(one.benchmark)) throw new Error('proofs/ holds none');
  t.equal(schemaMistake('proof', one), undefined);
  const page = proofPage(one);
  t.notMatch(page, /<script|src=|href=|url\(/, 'it loads nothing');
  t.notMatch(page, /NaN|undefined/);
  t.ok(page.split('<svg').length > 4);
  const { benchmark, doctor } = one;
  const named = {
    ...one,
    doctor: [...doctor, { name: 'machine', status: 'ok', message: `kernel 6.1-${hostname()}` }] as Proof['doctor'],
    benchmark: { ...benchmark, board: { ...benchmark.board, kernel: `6.1-${hostname()}` } },
  };
  t.ok(JSON.stringify(named).includes(hostname()));
  t.notOk(JSON.stringify(withoutOwner(named)).includes(hostname()));
});

t.test('what it is told wrong, it says before it measures', async (t) => {
  const wrong = (...args: string[]) => run(process.execPath, [cli, 'proof', ...args]);
  await t.rejects(wrong('--minutes', '0'), { code: 64, stderr: /above 0/ });
  await t.rejects(wrong('--camera', 'ftp://door/1'), { code: 64, stderr: /is no source.*ERR_CONFIG_CAMERA/s });
  await t.rejects(wrong('--output', '/no/such/folder/p.json'), { code: 73, stderr: /folder that is there/ });
});
