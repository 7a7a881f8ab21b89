import { createHash } from 'node:crypto';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadModel } from '../../src/model/load.js';

const bytes = 'an ONNX file';
const file = { file: 'a.onnx', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
const card = {
  cardVersion: 1,
  name: 'a',
  version: '1.0.0',
  task: 'detect',
  classes: ['person'],
  input: { name: 'pixels', layout: 'nhwc', type: 'uint8', colour: 'rgb', multipleOf: 32, fill: 114, sizes: [] },
  output: { decoder: 'minspnet', logits: 'logits', distances: 'distances', strides: [8, 16, 32] },
  minScore: 0.4,
  nmsIou: 0.6,
  files: { fp32: file },
};

function model(t: Test, content: object | string, onnx: string = bytes): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return t.testdir({ 'card.json': text, 'a.onnx': onnx });
}

t.test('a model that is what its card says', async (t) => {
  const folder = model(t, card);
  t.match(await loadModel(folder, 'auto'), { precision: 'fp32', path: join(folder, 'a.onnx'), sha256: file.sha256 });
});

t.test('auto prefers INT8 where there is one, and has FP32 for a GPU', async (t) => {
  const int8 = { ...file, file: 'b.onnx' };
  const folder = model(t, { ...card, files: { fp32: file, int8 } });
  writeFileSync(join(folder, 'b.onnx'), bytes);
  t.match(await loadModel(folder, 'auto'), {
    precision: 'int8',
    path: join(folder, 'b.onnx'),
    onGpu: { precision: 'fp32', path: join(folder, 'a.onnx') },
  });
  t.match(await loadModel(folder, 'fp32'), { precision: 'fp32', onGpu: undefined });
  t.match(await loadModel(folder, 'int8'), { precision: 'int8', onGpu: undefined });
  writeFileSync(join(folder, 'a.onnx'), 'other');
  await t.rejects(loadModel(folder, 'auto'), { code: 'ERR_MODEL_CORRUPT', message: /a\.onnx/ });
  t.equal((await loadModel(folder, 'int8')).precision, 'int8', 'where it is named, the other file does not matter');
});

t.test('every way of being wrong has its code', async (t) => {
  const refused = (folder: string, precision: 'auto' | 'int8' = 'auto') => loadModel(folder, precision);
  await t.rejects(refused('no-such-model'), { code: 'ERR_MODEL_MISSING', exit: 'model', message: /no-such-model/ });
  t.test('damaged', async (t) => t.rejects(refused(model(t, card, 'other')), { code: 'ERR_MODEL_CORRUPT' }));
  t.test('a card that can’t be read', async (t) => {
    const folder = t.testdir();
    symlinkSync('/proc/self/mem', join(folder, 'card.json')); // a file as others, but reading it is an error
    await t.rejects(refused(folder), { code: 'ERR_MODEL_CARD', message: /card\.json/ });
  });
  t.test('no JSON', async (t) => t.rejects(refused(model(t, '{')), { code: 'ERR_MODEL_CARD' }));
  t.test('no file', async (t) => {
    const missing = { ...card, files: { fp32: { ...file, file: 'b.onnx' } } };
    await t.rejects(refused(model(t, missing)), {
      code: 'ERR_MODEL_MISSING',
      message: /b\.onnx.* does not exist\. Restore/,
    });
  });
  t.test('no such precision', async (t) => {
    await t.rejects(refused(model(t, card), 'int8'), { code: 'ERR_MODEL_PRECISION', message: /only fp32/ });
  });
  t.test('a card that holds nothing: what to do', async (t) => {
    const cases: [string, RegExp][] = [
      ['', /card\.json is no model card: it is empty\. Restore the file, or write/],
      ['{}', /card\.json is no model card: .*files: Invalid input.*\. Restore the file, or write/],
      ['{"name', /card\.json is no model card: .*JSON.*\. Restore the file, or write/],
    ];
    for (const [text, message] of cases) {
      await t.rejects(refused(t.testdir({ 'card.json': text })), { code: 'ERR_MODEL_CARD', message }, text);
    }
  });
  t.test('a setting of the card', async (t) => {
    const wrong = { ...card, minScore: 40 };
    await t.rejects(refused(model(t, wrong)), { code: 'ERR_MODEL_CARD', message: /minScore/ });
  });
});

t.test('weights outside of the ONNX file are covered by the card', async (t) => {
  const entry = (location: string) =>
    Buffer.concat([Buffer.from('\n\x08location\x12', 'latin1'), Buffer.from([location.length]), Buffer.from(location)]);
  // One lies across the border of what is read at once.
  const onnx = Buffer.concat([Buffer.alloc(65_530, 1), entry('a.data'), Buffer.alloc(100, 1), entry('b.data')]);
  const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');
  const main = { file: 'a.onnx', sha256: sha256(onnx), bytes: onnx.length };
  const data = (name: string, content: string) => ({ file: name, sha256: sha256(content), bytes: content.length });
  const folder = t.testdir();
  const write = (external: object[] | undefined) =>
    writeFileSync(join(folder, 'card.json'), JSON.stringify({ ...card, files: { fp32: { ...main, external } } }));
  writeFileSync(join(folder, 'a.onnx'), onnx);
  writeFileSync(join(folder, 'a.data'), 'weights');
  writeFileSync(join(folder, 'b.data'), 'more');
  write([data('a.data', 'weights'), data('b.data', 'more')]);
  t.match(await loadModel(folder, 'auto'), { precision: 'fp32' });
  writeFileSync(join(folder, 'b.data'), 'mora');
  await t.rejects(loadModel(folder, 'auto'), { code: 'ERR_MODEL_CORRUPT', message: /b\.data is not the file/ });
  rmSync(join(folder, 'b.data'));
  await t.rejects(loadModel(folder, 'auto'), { code: 'ERR_MODEL_MISSING', message: /b\.data/ });
  write([data('b.data', 'more')]);
  await t.rejects(loadModel(folder, 'auto'), { code: 'ERR_MODEL_CORRUPT', message: /keeps weights in a\.data/ });
  write(undefined);
  await t.rejects(loadModel(folder, 'auto'), { code: 'ERR_MODEL_CORRUPT', message: /does not name/ });
});

t.test('a model that does something else is refused where it can’t help', async (t) => {
  const { minScore: _, nmsIou: _1, ...rest } = card;
  const classifier = { ...rest, task: 'classify', output: { decoder: 'classifier', logits: 'logits' } };
  const segmenter = { ...rest, task: 'segment', output: { decoder: 'segmenter', logits: 'logits', stride: 8 } };
  const folder = (content: object) => t.testdir({ 'card.json': JSON.stringify(content), 'a.onnx': bytes });
  const { card: read } = await loadModel(folder(classifier), 'auto', 'classify');
  t.match(read, { task: 'classify', output: { activation: 'softmax', temperature: 1 } });
  await t.rejects(loadModel(folder(classifier), 'auto'), {
    code: 'ERR_MODEL_TASK',
    message: /task “classify”.*detector/,
  });
  await t.rejects(loadModel(folder(card), 'auto', 'classify'), { code: 'ERR_MODEL_TASK' });
  t.equal((await loadModel(folder(segmenter), 'auto', 'segment')).card.output.stride, 8);
  await t.rejects(loadModel(folder({ ...segmenter, output: card.output }), 'auto', 'segment'), {
    code: 'ERR_MODEL_CARD',
  });
  const { task: _2, ...without } = card;
  t.equal((await loadModel(folder(without), 'auto')).card.task, 'detect', 'as cards were before there were others');
});
