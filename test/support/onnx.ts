import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Small networks for tests, written as ONNX files: messages of onnx.proto3 by field number, IR version 8, opset 17.

type Field = [number: number, value: number | string | Uint8Array];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest < 128n) return [...bytes, low];
    bytes.push(low | 128);
  }
}

function message(...fields: Field[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
  });
  return Buffer.concat(parts);
}

const float = 1;
const uint8 = 2;

/** A constant, float32. */
function constant(name: string, shape: number[], values: number[]): Field {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return [5, message(...shape.map((size): Field => [1, size]), [2, float], [8, name], [9, raw])];
}

function attribute(name: string, value: number | number[]): Field {
  if (Array.isArray(value)) return [5, message([1, name], ...value.map((each): Field => [8, each]), [20, 7])];
  return [5, message([1, name], [3, value], [20, 2])];
}

function node(type: string, inputs: string[], output: string, attributes: Field[] = []): Field {
  const names = inputs.map((name): Field => [1, name]);
  return [1, message(...names, [2, output], [4, type], ...attributes)];
}

function value(field: number, name: string, type: number, shape: (number | string)[]): Field {
  const sizes = shape.map((size): Field => [1, message(typeof size === 'number' ? [1, size] : [2, size])]);
  return [field, message([1, name], [2, message([1, message([1, type], [2, message(...sizes)])])])];
}

function model(graph: Field[]): Uint8Array {
  return message([1, 8], [7, message(...graph)], [8, message([2, 17])]);
}

const input = value(11, 'image', uint8, [1, 'height', 'width', 3]);
const planes = [
  node('Cast', ['image'], 'float', [attribute('to', float)]),
  node('Div', ['float', 'scale'], 'unit'),
  node('Transpose', ['unit'], 'planes', [attribute('perm', [0, 3, 1, 2])]),
];
const scale = constant('scale', [1], [255]);

/**
 * A classifier of the mean colour: logits are `weights`, a row of red, green and blue (0..1) a class; its embedding is the
 * picture at `cells` by `cells`, of an input of `size` pixels, made of length 1.
 */
export function colourClassifier(weights: number[][], size = 96, cells = 4): Uint8Array {
  const kernel = size / cells;
  const columns = [0, 1, 2].flatMap((colour) => weights.map((row) => row[colour] ?? 0));
  return model([
    ...planes,
    node('GlobalAveragePool', ['planes'], 'pooled'),
    node('Flatten', ['pooled'], 'mean'),
    node('MatMul', ['mean', 'weights'], 'logits'),
    node('AveragePool', ['planes'], 'grid', [
      attribute('kernel_shape', [kernel, kernel]),
      attribute('strides', [kernel, kernel]),
    ]),
    node('Flatten', ['grid'], 'flat'),
    node('LpNormalization', ['flat'], 'embedding', [attribute('axis', 1), attribute('p', 2)]),
    [2, 'colours'],
    scale,
    constant('weights', [3, weights.length], columns),
    input,
    value(12, 'logits', float, [1, weights.length]),
    value(12, 'embedding', float, [1, 'features']),
  ]);
}

/** A segmenter by colour, stride 8: a row of red, green, blue (0..1) and a bias a channel, the background first. */
export function colourSegmenter(rows: number[][]): Uint8Array {
  return model([
    ...planes,
    node('AveragePool', ['planes'], 'grid', [attribute('kernel_shape', [8, 8]), attribute('strides', [8, 8])]),
    node('Conv', ['grid', 'kernel', 'bias'], 'logits', [attribute('kernel_shape', [1, 1])]),
    [2, 'colours'],
    scale,
    constant(
      'kernel',
      [rows.length, 3, 1, 1],
      rows.flatMap((row) => row.slice(0, 3)),
    ),
    constant(
      'bias',
      [rows.length],
      rows.map((row) => row[3] ?? 0),
    ),
    input,
    value(12, 'logits', float, [1, rows.length, 'rows', 'columns']),
  ]);
}

/** Says the same of every picture, whatever it shows: each output's values by its name. */
export function constantOutputs(outputs: Record<string, { shape: number[]; values: number[] }>): Uint8Array {
  const all = Object.entries(outputs);
  return model([
    ...planes,
    node('ReduceMean', ['planes'], 'mean', [attribute('keepdims', 0)]),
    node('Mul', ['mean', 'none'], 'zero'),
    ...all.map(([name]) => node('Add', [`${name}-values`, 'zero'], name)),
    [2, 'constants'],
    scale,
    constant('none', [1], [0]),
    ...all.map(([name, { shape, values }]) => constant(`${name}-values`, shape, values)),
    input,
    ...all.map(([name, { shape }]) => value(12, name, float, shape)),
  ]);
}

/** Writes a model folder: the file and a card that names it. */
export function writeModel(folder: string, bytes: Uint8Array, card: object): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const common = {
    cardVersion: 1,
    version: '1.0.0',
    input: {
      name: 'image',
      layout: 'nhwc',
      type: 'uint8',
      colour: 'rgb',
      multipleOf: 32,
      fill: 114,
      sizes: [[96, 96]],
    },
    files: { fp32: { file: 'model.onnx', sha256, bytes: bytes.length } },
  };
  writeFileSync(join(folder, 'card.json'), JSON.stringify({ ...common, ...card }));
  return folder;
}

/** Red, green and blue, told by the mean colour. */
export function writeColourClassifier(folder: string, card: object = {}): string {
  const weights = [
    [20, -10, -10],
    [-10, 20, -10],
    [-10, -10, 20],
  ];
  return writeModel(folder, colourClassifier(weights), {
    name: 'colours',
    task: 'classify',
    classes: ['red', 'green', 'blue'],
    output: { decoder: 'classifier', logits: 'logits', embedding: 'embedding' },
    ...card,
  });
}

/** Red, green and blue as the shipped classes 1, 2 and 3; the background is grey. */
export function writeColourSegmenter(folder: string): string {
  const rows = [
    [0, 0, 0, 0],
    [20, -10, -10, -4],
    [-10, 20, -10, -4],
    [-10, -10, 20, -4],
  ];
  return writeModel(folder, colourSegmenter(rows), {
    name: 'colour-parts',
    task: 'segment',
    classes: ['red', 'green', 'blue'],
    output: { decoder: 'segmenter', logits: 'logits', stride: 8 },
  });
}
