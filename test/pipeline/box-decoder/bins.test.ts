import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { settingsSchema } from '../../../src/config/schema.js';
import { loadModel } from '../../../src/model/load.js';
import { BinsDecoder, nanodetLevels, picodetLevels } from '../../../src/pipeline/box-decoder-bins.js';
import { Detector, Network } from '../../../src/pipeline/network.js';
import { constantOutputs, writeModel } from '../../support/onnx.js';

// No weights of NanoDet or PicoDet were tried: these graphs have the layout of their exports, and say what they are told.

const cli = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const run = promisify(execFile);

const classes = ['cat', 'dog'];
const bins = 8;
const size = 64;
const strides = [8, 16, 32, 64];

/** Logits of a distance: all the weight on one bin, or on two in equal parts. */
function distance(...at: number[]): number[] {
  return Array.from({ length: bins }, (_, i) => (at.includes(i) ? 60 : 0));
}

/** Rows of a stride's cells; the one of a dog at `column`, `row` reaches 1, 2, 3.5 and 0 strides. */
function rowsOf(stride: number, dog?: { column: number; row: number }): { scores: number[][]; distances: number[][] } {
  const columns = size / stride;
  const cells = Array.from({ length: columns * columns }, (_, i) => i);
  const isDog = (cell: number) => dog !== undefined && cell === dog.row * columns + dog.column;
  return {
    scores: cells.map((cell) => (isDog(cell) ? [0.1, 0.8] : [0.05, 0.05])),
    distances: cells.map((cell) =>
      isDog(cell) ? [...distance(1), ...distance(2), ...distance(3, 4), ...distance(0)] : new Array(4 * bins).fill(0),
    ),
  };
}

/** Stride 16, column 2, row 2, so its corner is (32, 32). */
const levels = strides.map((stride) => rowsOf(stride, stride === 16 ? { column: 2, row: 2 } : undefined));
const picodet = {
  decoder: 'picodet' as const,
  bins,
  levels: strides.map((stride) => ({ scores: `cls_${stride}`, distances: `dis_${stride}`, stride })),
};
const nanodet = { decoder: 'nanodet' as const, output: 'out', strides, bins, centre: 0 };
const picodetOutputs = Object.fromEntries(
  strides.flatMap((stride, i) => {
    const { scores = [], distances = [] } = levels[i] ?? {};
    return [
      [`cls_${stride}`, { shape: [1, scores.length, classes.length], values: scores.flat() }],
      [`dis_${stride}`, { shape: [1, distances.length, 4 * bins], values: distances.flat() }],
    ];
  }),
);
const rows = levels.flatMap(({ scores, distances }) => scores.map((row, i) => [...row, ...(distances[i] ?? [])]));
const nanodetOutputs = { out: { shape: [1, rows.length, classes.length + 4 * bins], values: rows.flat() } };

/** A model folder with such a head, for pictures of 64x64. */
function write(folder: string, output: object, outputs: Parameters<typeof constantOutputs>[0], name: string): string {
  return writeModel(folder, constantOutputs(outputs), {
    name,
    task: 'detect',
    classes,
    output,
    minScore: 0.5,
    nmsIou: 0.6,
    input: {
      name: 'image',
      layout: 'nhwc',
      type: 'uint8',
      colour: 'rgb',
      multipleOf: 64,
      fixed: [size, size],
      fill: 114,
      sizes: [[size, size]],
    },
  });
}

for (const [name, output, outputs, centre] of [
  ['pico', picodet, picodetOutputs, 0.5],
  ['nano', nanodet, nanodetOutputs, 0],
] as const) {
  t.test(`${name}: a graph with that head, run by ONNX Runtime, gives its box`, async (t) => {
    const folder = write(join(t.testdir({}), name), output, outputs, name);
    await using network = await Network.load(await loadModel(folder, 'auto'), settingsSchema.parse({}).runtime);
    const input = { width: size, height: size };
    const pixels = { bytes: new Uint8Array(size * size * 3), input, fitted: input };
    const found = await new Detector(network).detect(pixels, 0.5);
    t.equal(found.length, 1);
    const [{ class: seen, score, box } = { class: '', score: 0, box: [] }] = found;
    t.equal(seen, 'dog');
    t.ok(Math.abs(score - 0.8) < 1e-6);
    const at = 32 + 16 * centre; // strides to the left, top, right and bottom: 1, 2, 3.5, 0
    const edges = [at - 16, at - 32, Math.min(64, at + 56), at].map((edge) => edge / size);
    t.ok(
      box.every((edge, i) => Math.abs(edge - (edges[i] ?? 0)) < 1e-4),
      `${box} is ${edges}`,
    );
  });

  t.test(`${name}: added by its folder, it is known by its name`, async (t) => {
    const home = t.testdir({});
    const folder = write(join(home, 'offered'), output, outputs, name);
    const env = { ...process.env, MINSPNET_STATEDIRECTORY: join(home, 'state') };
    const command = (...args: string[]) => run(process.execPath, [cli, ...args], { env, cwd: home });
    t.match((await command('model', 'add', folder)).stdout, `${name} 1.0.0 (${output.decoder}, 2 classes, fp32)`);
    t.match(
      (
        await command(
          'detect',
          fileURLToPath(new URL('../../../../docs/images/street.jpg', import.meta.url)),
          '--model',
          name,
        )
      ).stdout,
      /dog 0\.80/,
    );
    t.match((await command('model', 'check', name)).stdout, /2 classes, fp32\n {2}demo #0: dog 0\.80/);
    await t.rejects(command('detect', 'x.jpg', '--model', 'other'), { code: 79 });
  });
}

t.test('another size of an output is an error that names it', async (t) => {
  const input = { width: size, height: size };
  const pico = new BinsDecoder(input, 2, { bins, centre: 0.5 }, picodetLevels(2, picodet));
  const outputs = Object.fromEntries(
    Object.entries(picodetOutputs).map(([name, { values }]) => [name, Float32Array.from(values)]),
  );
  t.equal(pico.decode(outputs, 0.5).count, 1);
  t.equal(pico.decode(outputs, 0.81).count, 0);
  t.throws(
    () => pico.decode({ ...outputs, dis_32: new Float32Array(3) }, 0.5),
    /output dis_32 has 3 values; .* 128 at 64x64/,
  );
  const nano = new BinsDecoder(input, 2, nanodet, nanodetLevels(input, 2, nanodet));
  t.throws(() => nano.decode({}, 0.5), /output out has 0 values; .* 2890 at/);
});
