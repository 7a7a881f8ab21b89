import type { Rank, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { HeadLayer } from '../contract/head-file.js';
import type { TensorFlow } from './tensorflow.js';

/** Embeddings with their classes. */
export interface Examples {
  /** float [count, dimensions] */
  values: Float32Array;
  /** Index of the class of each. */
  labels: readonly number[];
}

export interface FitOptions {
  classes: number;
  dimensions: number;
  /** Units of a layer between; 0: none. */
  hidden: number;
  /** After how many checkpoints it ends. */
  checkpoints: number;
  /** Steps of the optimiser between two of them. */
  stepsEach: number;
  /** 0..1, uniform. */
  random: () => number;
  /** Is told the head at each checkpoint, the first before any step. */
  checkpoint: (layers: HeadLayer[], index: number) => void;
}

/** Examples a step. */
const batchSize = 256;
/** Of Adam (Kingma and Ba 2015), on features of variance 1. */
const learningRate = 0.01;
/** Decoupled from the gradient (Loshchilov and Hutter 2019), a step. */
const weightDecay = 0.002;
/** Logits between the means of two classes that lie at the usual distance, at the start. */
const startMargin = 4;

/**
 * Trains a head by cross-entropy in which each class counts the same, however many pictures it has. It starts as the
 * classifier of the nearest mean, so that few pictures can't make it worse than that.
 *
 * @returns the head at the last checkpoint
 */
export async function fit(tf: TensorFlow, examples: Examples, options: FitOptions): Promise<HeadLayer[]> {
  const { classes, dimensions, hidden, checkpoints, stepsEach, random, checkpoint } = options;
  const { values, labels } = examples;
  const scaling = scalingOf(values, dimensions);
  const scaled = values.map((value, i) => (value - (scaling.mean[i % dimensions] ?? 0)) / scaling.deviation);
  const variables = (hidden > 0 ? deepStart : meanStart)({ values: scaled, labels }, options).map(
    (layer): LayerVariables => ({
      weights: tf.variable(tf.tensor2d(layer.weights)),
      bias: tf.variable(tf.tensor1d(layer.bias)),
    }),
  );
  const optimizer = tf.train.adam(learningRate);
  const counts = countsOf(labels, classes);
  const layersNow = () =>
    variables.map(({ weights, bias }, i) => {
      const layer = { weights: weights.arraySync() as number[][], bias: bias.arraySync() as number[] };
      return i === 0 ? unscaled(layer, scaling) : layer;
    });
  try {
    checkpoint(layersNow(), 0);
    for (let index = 1; index <= checkpoints; index += 1) {
      for (let step = 0; step < stepsEach; step += 1) {
        const rows = drawRows(labels.length, random);
        const batch = new Float32Array(rows.length * dimensions);
        rows.forEach((row, i) => {
          batch.set(scaled.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
        });
        const weight = rows.map((row) => labels.length / (classes * (counts[labels[row] ?? 0] ?? 1)));
        tf.tidy(() => {
          const x = tf.tensor2d(batch, [rows.length, dimensions]);
          const wanted = rows.map((row) => labels[row] ?? 0);
          const y = tf.oneHot(tf.tensor1d(wanted, 'int32'), classes) as Tensor2D;
          optimizer.applyGradients(gradientsOf(tf, variables, x, y, tf.tensor2d(weight, [weight.length, 1])));
          for (const { weights } of variables) weights.assign(tf.mul(weights, 1 - weightDecay));
        });
      }
      checkpoint(layersNow(), index);
      await new Promise(setImmediate); // so that an interruption is heard
    }
    return layersNow();
  } finally {
    optimizer.dispose();
    for (const { weights, bias } of variables) tf.dispose([weights, bias]);
  }
}

interface LayerVariables {
  weights: Variable<Rank.R2>;
  bias: Variable<Rank.R1>;
}

/**
 * Of the mean weighted cross-entropy. TensorFlow.js keeps its gradients in another package than its operations; of two
 * layers they are four lines.
 *
 * @param x [batch, dimensions]
 * @param y [batch, classes], one in each row
 * @param weight [batch, 1]
 */
function gradientsOf(
  tf: TensorFlow,
  variables: readonly LayerVariables[],
  x: Tensor2D,
  y: Tensor2D,
  weight: Tensor2D,
): { name: string; tensor: Tensor }[] {
  const inputs = [x];
  variables.forEach(({ weights, bias }, i) => {
    const sum = tf.add(tf.matMul(inputs[i] as Tensor2D, weights, false, true), bias) as Tensor2D;
    inputs.push(i < variables.length - 1 ? tf.relu(sum) : tf.softmax(sum));
  });
  const rows = x.shape[0];
  let error = tf.mul(tf.sub(inputs.at(-1) as Tensor2D, y), tf.div(weight, rows)) as Tensor2D;
  const gradients: { name: string; tensor: Tensor }[] = [];
  for (let i = variables.length - 1; i >= 0; i -= 1) {
    const { weights, bias } = variables[i] as LayerVariables;
    const input = inputs[i] as Tensor2D;
    gradients.push({ name: weights.name, tensor: tf.matMul(error, input, true) });
    gradients.push({ name: bias.name, tensor: tf.sum(error, 0) });
    if (i > 0) error = tf.mul(tf.matMul(error, weights), tf.cast(tf.greater(input, 0), 'float32')) as Tensor2D;
  }
  return gradients;
}

function drawRows(count: number, random: () => number): number[] {
  if (count <= batchSize) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: batchSize }, () => Math.floor(random() * count));
}

interface Scaling {
  mean: Float32Array;
  deviation: number;
}

function scalingOf(values: Float32Array, dimensions: number): Scaling {
  const mean = new Float32Array(dimensions);
  const count = values.length / dimensions;
  values.forEach((value, i) => {
    mean[i % dimensions] = (mean[i % dimensions] ?? 0) + value / count;
  });
  const squares = values.reduce((sum, value, i) => sum + (value - (mean[i % dimensions] ?? 0)) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length)) || 1 };
}

/** The same layer for embeddings as they are. */
function unscaled({ weights, bias }: HeadLayer, { mean, deviation }: Scaling): HeadLayer {
  const rows = weights.map((row) => row.map((weight) => weight / deviation));
  return { weights: rows, bias: bias.map((value, k) => value - dot(rows[k] ?? [], mean)) };
}

/** Linear, such that the nearest mean wins. */
function meanStart({ values, labels }: Examples, { classes, dimensions }: FitOptions): HeadLayer[] {
  const means = meansOf({ values, labels }, classes, dimensions);
  const spread = means.reduce((sum, mean) => sum + dot(mean, mean), 0) / classes || 1;
  const scale = startMargin / spread;
  return [
    {
      weights: means.map((mean) => mean.map((value) => value * scale)),
      bias: means.map((mean) => (-scale * dot(mean, mean)) / 2),
    },
  ];
}

/** Two layers, at random (He et al. 2015). */
function deepStart(_: Examples, { classes, dimensions, hidden, random }: FitOptions): HeadLayer[] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const layer = (inputs: number, outputs: number): HeadLayer => ({
    weights: Array.from({ length: outputs }, () =>
      Array.from({ length: inputs }, () => normal() * Math.sqrt(2 / inputs)),
    ),
    bias: new Array<number>(outputs).fill(0),
  });
  return [layer(dimensions, hidden), layer(hidden, classes)];
}

/** By class. */
export function meansOf({ values, labels }: Examples, classes: number, dimensions: number): number[][] {
  const sums = Array.from({ length: classes }, () => new Array<number>(dimensions).fill(0));
  const counts = countsOf(labels, classes);
  labels.forEach((label, row) => {
    const sum = sums[label] as number[];
    for (let i = 0; i < dimensions; i += 1) {
      sum[i] = (sum[i] as number) + (values[row * dimensions + i] as number) / (counts[label] || 1);
    }
  });
  return sums;
}

function countsOf(labels: readonly number[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
