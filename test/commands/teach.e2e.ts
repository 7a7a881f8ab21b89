import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { classify } from '../../src/commands/classify.js';
import { exportModel, importModel } from '../../src/commands/teach/archive.js';
import { lockLessons } from '../../src/commands/teach/gather.js';
import { teach } from '../../src/commands/teach.js';
import { Redactor } from '../../src/config/mask.js';
import { parseCard, type TaughtCard } from '../../src/contract/model-card.js';
import { colourPng } from '../support/colour-pictures.js';
import { writeColourClassifier } from '../support/onnx.js';
import { printed } from '../support/printed.js';

const folder = t.testdir({ red: {}, blue: {}, one: {}, empty: {}, state: { models: {} }, other: { models: {} } });
for (const state of ['state', 'other']) writeColourClassifier(join(folder, state, 'models', 'colours'));
process.env.STATE_DIRECTORY = join(folder, 'state');
const redactor = new Redactor();
for (let i = 0; i < 6; i += 1) {
  const shade = 150 + 15 * i;
  colourPng(join(folder, 'red', `${i}.png`), [90, 60 + i], `rgb(${shade}, ${10 * i}, 40)`);
  colourPng(join(folder, 'blue', `${i}.png`), [90, 60 + i], `rgb(${10 * i}, 30, ${shade})`);
}
colourPng(join(folder, 'one', '0.png'), [60, 60], 'rgb(20, 200, 30)');
const usual = { base: 'colours', json: true, fromEvents: false, again: false };
const folders = [`red=${join(folder, 'red')}`, `blue=${join(folder, 'blue')}`];
const teachIt = (options: object, name = 'paint') =>
  printed(() => teach(name, { ...usual, folder: folders, ...options }, redactor));
const seen = async (file: string, model = 'paint') => {
  const line = await printed(() => classify([join(folder, file)], { model, top: 1, json: true }, redactor));
  return JSON.parse(line).classes[0].class as string;
};
const models = (state = 'state') => readdirSync(join(folder, state, 'models')).toSorted();

t.test('from folders: a card that says how good it is, and a model that classify uses', async (t) => {
  writeFileSync(join(folder, 'red', 'broken.jpg'), 'no picture');
  copyFileSync(join(folder, 'red', '0.png'), join(folder, 'red', 'copy.png'));
  const card = parseCard(JSON.parse(await teachIt({}))) as TaughtCard;
  t.match(card, {
    task: 'classify',
    classes: ['red', 'blue'],
    output: { base: { name: 'colours', version: '1.0.0' } },
  });
  t.match(card, {
    measured: {
      accuracy: 1,
      perClass: [
        { class: 'red', pictures: 6 },
        { class: 'blue', pictures: 6 },
      ],
    },
  });
  t.equal(await seen('red/3.png'), 'red');
  t.equal(await seen('blue/3.png'), 'blue');
  t.equal(await seen('one/0.png'), 'unknown', 'green was not taught');
  const files = readdirSync(join(folder, 'state/models/paint')).toSorted();
  t.strictSame(files, ['card.json', 'confusion.svg', 'head.json', 'learning-curve.svg', 'pictures']);
  t.equal(
    readdirSync(join(folder, 'state/models/paint/pictures/red')).length,
    6,
    'neither the broken one nor the copy',
  );
});

t.test('another board has it by export and import', async (t) => {
  const file = join(folder, 'paint.minspnet');
  await printed(() => exportModel('paint', { output: file }, redactor));
  process.env.STATE_DIRECTORY = join(folder, 'other');
  t.teardown(() => {
    process.env.STATE_DIRECTORY = join(folder, 'state');
  });
  t.match(await printed(() => importModel(file, { name: 'lack' }, redactor)), /lack is here, with 12 pictures/);
  t.equal(await seen('blue/2.png', 'lack'), 'blue');
  const before = models('other');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length / 2));
  await t.rejects(importModel(file, {}, redactor), { code: 'ERR_SOURCE_FORMAT', exit: 'source' });
  await t.rejects(importModel(join(folder, 'none'), {}, redactor), { code: 'ERR_SOURCE_OPEN', exit: 'input' });
  t.strictSame(models('other'), before, 'nothing is left of what failed');
});

t.test('another version of the network: said, and taught again from the kept pictures', async (t) => {
  writeColourClassifier(join(folder, 'state/models/colours'), { version: '2.0.0' });
  await t.rejects(seen('red/3.png'), { code: 'ERR_MODEL_BASE', message: /minspnet teach paint --again/ });
  const before = readlinkSync(join(folder, 'state/models/paint'));
  const card = JSON.parse(await teachIt({ folder: [], again: true }));
  t.match(card, { output: { base: { version: '2.0.0' } }, measured: { accuracy: 1 } });
  t.equal(await seen('red/3.png'), 'red');
  t.not(readlinkSync(join(folder, 'state/models/paint')), before);
  t.strictSame(models().filter((name) => name.startsWith('.paint@')).length, 1, 'the version of before is gone');
});

t.test('what requests have assigned is taught together with what is kept', async (t) => {
  const lessons = join(folder, 'state/lessons/paint/green');
  mkdirSync(lessons, { recursive: true });
  const kept = readdirSync(join(folder, 'state/models/paint/pictures/red'))[0] ?? '';
  t.match(kept, /^[0-9a-f]{16}~[0-9a-f]{16}\.jpg$/);
  for (let i = 0; i < 4; i += 1)
    colourPng(join(lessons, `track${i}~${i}.jpg`), [64, 64], `rgb(20, ${180 + 15 * i}, ${10 * i})`);
  const card = JSON.parse(await teachIt({ folder: [], fromEvents: true }));
  t.strictSame([...card.classes].sort(), ['blue', 'green', 'red']);
  t.equal(await seen('one/0.png'), 'green');
});

t.test('what can’t be taught changes nothing, and says why', async (t) => {
  const before = models();
  const link = readlinkSync(join(folder, 'state/models/paint'));
  mkdirSync(join(folder, 'state/models/own'));
  symlinkSync(join(folder, 'red'), join(folder, 'same'));
  const cases: [object, object, string?][] = [
    [{ folder: [`red=${join(folder, 'red')}`] }, { code: 'ERR_TEACH_CLASSES', message: /one class only, red/ }],
    [
      { folder: [...folders, `one=${join(folder, 'one')}`] },
      { code: 'ERR_TEACH_PICTURES', message: /one has one picture/ },
    ],
    [
      { folder: [folders[0], `twin=${join(folder, 'red')}`] },
      { code: 'ERR_TEACH_SAME', message: /nothing tells them/ },
    ],
    [{ folder: [`red=${join(folder, 'none')}`] }, { code: 'ERR_TEACH_FOLDER', exit: 'input' }],
    [{ folder: [`e=${join(folder, 'empty')}`] }, { code: 'ERR_TEACH_PICTURES', exit: 'usage' }],
    [{ folder: ['red'] }, { code: 'ERR_TEACH_NAME', message: /CLASS=DIR/ }],
    [{ base: 'nothing' }, { code: 'ERR_MODEL_MISSING' }],
    [{}, { code: 'ERR_TEACH_NAME' }, '../paint'],
    [{}, { code: 'ERR_TEACH_WRITE', message: /was not taught; choose another name/ }, 'own'],
  ];
  for (const [options, error, name] of cases) await t.rejects(teachIt(options, name), error as Error);
  await using _ = await lockLessons(join(folder, 'state'), 'paint');
  await t.rejects(teachIt({}), { code: 'ERR_TEACH_BUSY', message: /being taught already/ });
  t.strictSame(models(), [...before, 'own'].toSorted(), 'nothing half written lies about');
  t.equal(readlinkSync(join(folder, 'state/models/paint')), link, 'and the model is as it was');
  t.equal(await seen('red/3.png'), 'red');
});
