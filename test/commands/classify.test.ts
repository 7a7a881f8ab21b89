import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import t from 'tap';
import { classify, embed } from '../../src/commands/classify.js';
import { detect } from '../../src/commands/detect.js';
import { segment } from '../../src/commands/segment.js';
import { Redactor } from '../../src/config/mask.js';
import { colourPng } from '../support/colour-pictures.js';
import { writeColourClassifier, writeColourSegmenter } from '../support/onnx.js';
import { printed } from '../support/printed.js';

const folder = t.testdir({ 'text.jpg': 'no picture', labels: {}, seen: {} });
const classifier = writeColourClassifier(join(folder, 'colours'));
const segmenter = writeColourSegmenter(join(folder, 'parts'));
const red = join(folder, 'red.png');
const mixed = join(folder, 'mixed.png');
colourPng(red, [90, 90], 'rgb(230, 20, 30)');
// A green square on grey, not where the network's cells begin and end.
colourPng(mixed, [320, 180], 'rgb(128, 128, 128)', { colour: 'rgb(10, 240, 10)', at: [100, 50, 80] });

process.env.STATE_DIRECTORY = join(folder, 'state');
const redactor = new Redactor();

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

t.test('classify names what a picture shows, best first', async (t) => {
  const options = { model: classifier, top: 2, json: true };
  const [first, second] = linesOf(await printed(() => classify([red, mixed], options, redactor)));
  t.match(first, { file: red, frame: undefined, classes: [{ class: 'red' }, {}] });
  t.equal(first.classes.length, 2);
  t.ok(first.classes[0].score > first.classes[1].score && first.classes[0].score > 0.9);
  t.match(second, { file: mixed, classes: [{ class: 'green' }, {}] });
  const text = await printed(() => classify([red], { ...options, top: 5, json: false }, redactor));
  t.match(text, /red\.png: red 1\.00; (green|blue) 0\.00; (green|blue) 0\.00\n$/);
});

t.test('embed gives features of length 1, the same at each run', async (t) => {
  const run = () => printed(() => embed([red, mixed], { model: classifier }, redactor));
  const text = await run();
  t.equal(text, await run());
  const [first, second] = linesOf(text);
  t.match(first, { file: red, model: { name: 'colours', version: '1.0.0' } });
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  t.ok(Math.abs(dot(first.embedding, first.embedding) - 1) < 1e-4);
  t.ok(dot(first.embedding, second.embedding) < 0.95, 'other pictures lie elsewhere');
});

t.test('segment labels each pixel of the picture', async (t) => {
  const options = { model: segmenter, json: true, labels: join(folder, 'labels'), annotate: join(folder, 'seen') };
  const [report] = linesOf(await printed(() => segment([mixed], options, redactor)));
  t.match(report, { file: mixed, width: 320, height: 180, shares: [{ class: 'green' }] });
  t.ok(Math.abs(report.shares[0].share - (80 * 80) / (320 * 180)) < 0.03, `${report.shares[0].share}`);
  const png = readFileSync(join(folder, 'labels', 'mixed.png'));
  t.strictSame([png.readUInt32BE(16), png.readUInt32BE(20)], [320, 180], 'as large as the picture');
  t.strictSame([png[24], png[25]], [8, 0], 'eight bits of grey');
  const at = await pixelsOf(join(folder, 'labels', 'mixed.png'));
  t.strictSame([at(140, 90), at(20, 20), at(300, 170)], [2, 0, 0]);
  const wrong: string[] = [];
  for (let y = 0; y < 180; y += 1) {
    for (let x = 0; x < 320; x += 1) {
      const near =
        [100, 180].some((edge) => Math.abs(x - edge) < 6) || [50, 130].some((edge) => Math.abs(y - edge) < 6);
      const inside = x >= 100 && x < 180 && y >= 50 && y < 130;
      if (!near && at(x, y) !== (inside ? 2 : 0)) wrong.push(`${x},${y}`);
    }
  }
  t.strictSame(wrong, [], 'but for a cell at the edge all pixels are right');
  const shown = await pixelsOf(join(folder, 'seen', 'mixed.png'));
  t.equal(shown(20, 20), 128, 'what is background is as it was');
  t.not(shown(140, 90), 10);
});

/** Red, or grey, of each pixel. */
async function pixelsOf(path: string): Promise<(x: number, y: number) => number> {
  const image = await loadImage(readFileSync(path));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return (x, y) => data[4 * (y * image.width + x)] ?? -1;
}

t.test('bad input ends with a message and an exit code', async (t) => {
  const named = { model: classifier, top: 5, json: true };
  const text = join(folder, 'text.jpg');
  const cases: [() => Promise<number>, { code?: string | RegExp; exit?: string; message?: RegExp }][] = [
    [() => classify([text], named, redactor), { code: /ERR_SOURCE/, exit: 'source', message: /text\.jpg/ }],
    [() => classify([join(folder, 'no.png')], named, redactor), { exit: 'input', message: /no\.png does not exist/ }],
    [() => classify([red], { ...named, model: segmenter }, redactor), { code: 'ERR_MODEL_TASK', message: /“segment”/ }],
    [() => segment([red], { model: classifier, json: true }, redactor), { code: 'ERR_MODEL_TASK', exit: 'model' }],
    [
      () => segment([red], { model: segmenter, json: true, labels: red }, redactor),
      { code: 'ERR_OUTPUT_WRITE', exit: 'state' },
    ],
    [
      () => segment([red], { model: segmenter, json: true, labels: folder }, redactor),
      { message: /it is the picture itself/ },
    ],
    [() => embed([text], named, redactor), { exit: 'source', message: /text\.jpg/ }],
    [
      () => detect([red], { model: classifier, json: true }, redactor),
      { code: 'ERR_MODEL_TASK', message: /find objects/ },
    ],
  ];
  for (const [command, error] of cases) await t.rejects(printed(command), error as object as Error);
  writeFileSync(join(classifier, 'model.onnx'), 'damaged');
  await t.rejects(classify([red], named, redactor), { code: 'ERR_MODEL_CORRUPT' });
});
