import { join } from 'node:path';
import t from 'tap';
import { modelCheck } from '../../src/commands/model-check.js';
import { Redactor } from '../../src/config/mask.js';
import { writeColourClassifier, writeColourSegmenter } from '../support/onnx.js';
import { printed } from '../support/printed.js';

const folder = t.testdir({ state: {} });
process.env.STATE_DIRECTORY = join(folder, 'state');
const check = (path: string, options: object = {}) => printed(() => modelCheck(path, options, new Redactor()));

t.test(
  'a classifier and a segmenter from elsewhere: what they answer, and how fast',
  { timeout: 120_000 },
  async (t) => {
    writeColourClassifier(join(folder, 'colours'));
    const lines = (await check(join(folder, 'colours'))).trimEnd().split('\n');
    t.match(lines[0], /^colours 1\.0\.0, classify, \d+ classes, fp32$/);
    t.equal(lines.length, 7, 'a head line, five answers, the speed');
    for (const line of lines.slice(1, 6)) t.match(line, /^ {2}demo #\d+: (\w+ [01]\.\d\d(; )?){1,3}$/);
    t.match(lines[6], /^ {2}96x96, cpu: \d+\.\d\d ms a picture, 95 % within \d+\.\d\d ms$/);
    writeColourSegmenter(join(folder, 'parts'));
    t.match(await check(join(folder, 'parts')), /segment, .*demo #0: .*(\d+\.\d %|background only)/s);
  },
);

t.test('a detector by its name, in one precision and size', { timeout: 120_000 }, async (t) => {
  const text = await check('minspnet-n', { precision: 'int8', size: [192, 192] });
  t.match(text, /^minspnet-n \S+, detect, 8 classes, int8\n/);
  t.match(text, /demo #\d+: .*car 0\.\d\d/);
  t.match(text, /192x192, cpu: /);
});

t.test('what can’t be checked says why', async (t) => {
  await t.rejects(check(join(folder, 'none')), { code: 'ERR_MODEL_MISSING' });
  await t.rejects(check('minspnet-n', { size: [100, 100] }), { code: 'ERR_CONFIG_SIZE', message: /multiples of 32/ });
});
