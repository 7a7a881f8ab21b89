import { TeachError } from '../contract/errors.js';
import { headLogits, softmax, unknownClass } from '../contract/head.js';
import type { Head, HeadLayer } from '../contract/head-file.js';
import { type Examples, fit, meansOf } from './fit.js';
import { seeded, shuffled } from './random.js';
import type { TensorFlow } from './tensorflow.js';

/** A picture as the network sees it. */
export interface Sample {
  class: string;
  /** Pictures of one group (copies, pictures of one track) are held out together. */
  group: string;
  /** Float of length 1. */
  embedding: Float32Array;
  /** Of augmented copies; they are trained on, never measured. */
  copies: readonly Float32Array[];
}

/** How well a number of pictures a class would do. */
export interface CurvePoint {
  perClass: number;
  /** Mean over draws, 0..1, and the deviation of one. */
  accuracy: number;
  deviation: number;
}

export interface Taught {
  head: Head;
  unknown: { score: number; similarity: number };
  /** By cross-validation: each picture is judged by a head that saw neither it nor a copy of it. */
  measured: {
    accuracy: number;
    /** Of the standard error, 0..1. */
    error: number;
    /** Share of these pictures that are told as unknown. */
    unknown: number;
    /** A row a class of the pictures, a column an answer; counts. */
    confusion: number[][];
    perClass: { class: string; pictures: number; accuracy: number }[];
    /** Mean |confidence - share that is right| over ten bins, weighted by pictures (Guo et al. 2017). */
    calibrationError: number;
  };
  curve: CurvePoint[];
  hidden: number;
  checkpoints: number;
}

export interface TeachOptions {
  tf: TensorFlow;
  seed?: number;
  signal?: AbortSignal;
  /** @param done 0..1 */
  progress?: (part: string, done: number) => void;
}

const folds = 5;
const mostCheckpoints = 15;
const leastSteps = 20;
const batchSize = 256;
const hiddenUnits = 64;
/** A second layer is tried from so many pictures a class on: with fewer it learns them by heart. */
const deepFrom = 50;
const curveSizes = [1, 2, 5, 10, 20, 40, 80, 160, 320, 640];
const curveDraws = 3;
/** Of the pictures that are right: so many may be told as unknown. */
const unknownShare = 0.05;

/** @throws {TeachError} where nothing can be learnt from these pictures */
export async function teach(samples: readonly Sample[], options: TeachOptions): Promise<Taught> {
  const classes = classesOf(samples);
  const random = seeded(options.seed ?? 1);
  const parts = splitIntoFolds(samples, random);
  const linear = await crossValidate(samples, classes, parts, 0, random, options);
  const fewest = Math.min(...classes.map((name) => samples.filter((sample) => sample.class === name).length));
  const deep =
    fewest >= deepFrom ? await crossValidate(samples, classes, parts, hiddenUnits, random, options) : undefined;
  const best = deep !== undefined && deep.loss < linear.loss ? deep : linear;
  const temperature = fitTemperature(best.logits, best.labels);
  const means = meansByClass(samples, classes);
  const curve = await learningCurve(samples, classes, random, options);
  const layers = await train(samples, classes, best.hidden, best.checkpoints, random, options, 'all pictures');
  const head: Head = {
    headVersion: 1,
    classes,
    layers: layers.map(rounded),
    means: means.map(roundedRow),
    temperature,
  };
  const unknown = unknownLimits(best, temperature);
  return {
    head,
    unknown,
    measured: measure(best, classes, temperature, unknown),
    curve,
    hidden: best.hidden,
    checkpoints: best.checkpoints,
  };
}

function classesOf(samples: readonly Sample[]): string[] {
  const classes = [...new Set(samples.map((sample) => sample.class))];
  if (classes.length < 2) {
    const what = `there ${classes.length === 1 ? `is one class only, ${classes[0]}` : 'are no pictures'}`;
    throw new TeachError(
      'ERR_TEACH_CLASSES',
      'source',
      `${what}: a model tells two or more apart. Name another class.`,
    );
  }
  for (const name of classes) {
    if (name === unknownClass) {
      const what = `a class can’t be called "${name}": so is called what is none of the classes. Choose another name.`;
      throw new TeachError('ERR_TEACH_CLASSES', 'usage', what);
    }
    const groups = new Set(samples.filter((sample) => sample.class === name).map(({ group }) => group));
    if (groups.size >= 2) continue;
    const what = `class ${name} has one picture only (copies count once): nobody could tell whether it was learnt.`;
    throw new TeachError('ERR_TEACH_PICTURES', 'source', `${what} Add pictures, ten or more.`);
  }
  return classes;
}

/** Indices of the samples of each fold; each class is spread evenly, groups stay together. */
function splitIntoFolds(samples: readonly Sample[], random: () => number): number[][] {
  const parts: number[][] = Array.from({ length: folds }, () => []);
  const groups = groupBy([...samples.keys()], (i) => `${samples[i]?.class}\n${samples[i]?.group}`);
  const byClass = groupBy([...groups.keys()], (key) => key.split('\n')[0] ?? '');
  let next = 0;
  for (const keys of byClass.values()) {
    for (const key of shuffled(keys, random)) {
      parts[next % folds]?.push(...(groups.get(key) ?? []));
      next += 1;
    }
  }
  return parts.filter((part) => part.length > 0);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** What heads say of the pictures that they did not see. */
interface Validation {
  hidden: number;
  checkpoints: number;
  loss: number;
  logits: number[][];
  labels: number[];
  /** To the mean of the picture's own class, without the picture. */
  similarities: number[];
}

async function crossValidate(
  samples: readonly Sample[],
  classes: readonly string[],
  parts: readonly number[][],
  hidden: number,
  random: () => number,
  options: TeachOptions,
): Promise<Validation> {
  const labels = samples.map((sample) => classes.indexOf(sample.class));
  const rounds = Array.from({ length: mostCheckpoints + 1 }, () => new Array<number[]>(samples.length));
  const similarities = new Array<number>(samples.length).fill(0);
  for (const [fold, held] of parts.entries()) {
    const isHeld = new Set(held);
    const seen = samples.filter((_, i) => !isHeld.has(i));
    const means = meansByClass(seen, classes);
    for (const i of held) similarities[i] = dot(means[labels[i] ?? 0] ?? [], samples[i]?.embedding ?? []);
    const name = `${hidden > 0 ? 'two layers' : 'one layer'}, part ${fold + 1} of ${parts.length} held out`;
    await train(seen, classes, hidden, mostCheckpoints, random, options, name, (layers, index) => {
      for (const i of held) (rounds[index] as number[][])[i] = headLogits(layers, samples[i]?.embedding ?? []);
    });
  }
  const losses = rounds.map((logits) => crossEntropy(logits, labels, fitTemperature(logits, labels, coarse)));
  const checkpoints = losses.indexOf(Math.min(...losses));
  const loss = losses[checkpoints] ?? Number.POSITIVE_INFINITY;
  return { hidden, checkpoints, loss, logits: rounds[checkpoints] ?? [], labels, similarities };
}

async function train(
  samples: readonly Sample[],
  classes: readonly string[],
  hidden: number,
  checkpoints: number,
  random: () => number,
  { tf, signal, progress }: TeachOptions,
  part: string,
  checkpoint: (layers: HeadLayer[], index: number) => void = () => {},
): Promise<HeadLayer[]> {
  const dimensions = samples[0]?.embedding.length ?? 0;
  const examples = examplesOf(samples, classes, dimensions);
  return await fit(tf, examples, {
    classes: classes.length,
    dimensions,
    hidden,
    checkpoints,
    stepsEach: Math.max(leastSteps, Math.ceil(examples.labels.length / batchSize)),
    random,
    checkpoint: (layers, index) => {
      signal?.throwIfAborted();
      progress?.(part, index / Math.max(1, checkpoints));
      checkpoint(layers, index);
    },
  });
}

function examplesOf(samples: readonly Sample[], classes: readonly string[], dimensions: number): Examples {
  const all = samples.flatMap(({ class: name, embedding, copies }) =>
    [embedding, ...copies].map((values) => ({ values, label: classes.indexOf(name) })),
  );
  const values = new Float32Array(all.length * dimensions);
  all.forEach((each, i) => {
    values.set(each.values, i * dimensions);
  });
  return { values, labels: all.map(({ label }) => label) };
}

function meansByClass(samples: readonly Sample[], classes: readonly string[]): number[][] {
  const dimensions = samples[0]?.embedding.length ?? 0;
  const originals = samples.map((sample) => ({ ...sample, copies: [] }));
  return meansOf(examplesOf(originals, classes, dimensions), classes.length, dimensions).map((mean) => {
    const length = Math.sqrt(dot(mean, mean)) || 1;
    return mean.map((value) => value / length);
  });
}

/** From one temperature that is tried to the next. */
const fine = 1.05;
const coarse = 1.4;

/** The temperature of the least cross-entropy (Guo et al. 2017). */
function fitTemperature(logits: readonly number[][], labels: readonly number[], step = fine): number {
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let temperature = 0.05; temperature < 20; temperature *= step) {
    const loss = crossEntropy(logits, labels, temperature);
    if (loss < least) [best, least] = [temperature, loss];
  }
  // Where all is right, ever lower ones look better and better: no board shall be surer than its pictures allow.
  const right = logits.filter((row, i) => bestOf(row) === labels[i]).length;
  return right === logits.length ? Math.max(best, surestTemperature(logits)) : best;
}

/** So that the mean score of what n pictures out of n got right is (n + 1) / (n + 2), Laplace's rule of succession. */
function surestTemperature(logits: readonly number[][]): number {
  const wanted = (logits.length + 1) / (logits.length + 2);
  for (let temperature = 0.05; temperature < 20; temperature *= 1.05) {
    const mean = logits.reduce((sum, row) => sum + Math.max(...softmax(row, temperature)), 0) / logits.length;
    if (mean <= wanted) return temperature;
  }
  return 20;
}

function bestOf(row: readonly number[]): number {
  return row.indexOf(Math.max(...row));
}

function crossEntropy(logits: readonly number[][], labels: readonly number[], temperature: number): number {
  const sum = logits.reduce(
    (total, row, i) => total - Math.log(Math.max(1e-12, softmax(row, temperature)[labels[i] ?? 0] ?? 0)),
    0,
  );
  return sum / Math.max(1, logits.length);
}

function unknownLimits({ logits, labels, similarities }: Validation, temperature: number): Taught['unknown'] {
  const right = logits
    .map((row, i) => ({ scores: softmax(row, temperature), i }))
    .filter(({ scores, i }) => bestOf(scores) === labels[i]);
  const scores = right.map((each) => Math.max(...each.scores)).sort((a, b) => a - b);
  const near = right.map(({ i }) => similarities[i] ?? 0).sort((a, b) => a - b);
  // Each limit may cost half of the share.
  const at = (sorted: readonly number[]) => sorted[Math.floor((unknownShare / 2) * sorted.length)] ?? 0;
  return { score: round(Math.min(0.5, at(scores)), 4), similarity: round(at(near) - 0.02, 4) };
}

function measure(
  { logits, labels, similarities }: Validation,
  classes: readonly string[],
  temperature: number,
  unknown: Taught['unknown'],
): Taught['measured'] {
  const confusion = classes.map(() => new Array<number>(classes.length).fill(0));
  const bins = Array.from({ length: 10 }, () => ({ count: 0, right: 0, confidence: 0 }));
  let rejected = 0;
  logits.forEach((row, i) => {
    const scores = softmax(row, temperature);
    const answer = bestOf(scores);
    const label = labels[i] ?? 0;
    const confidence = scores[answer] ?? 0;
    const counts = confusion[label] as number[];
    counts[answer] = (counts[answer] ?? 0) + 1;
    const bin = bins[Math.min(9, Math.floor(confidence * 10))];
    if (bin) {
      bin.count += 1;
      bin.right += answer === label ? 1 : 0;
      bin.confidence += confidence;
    }
    if (confidence < unknown.score || (similarities[i] ?? 0) < unknown.similarity) rejected += 1;
  });
  const total = logits.length;
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const accuracy = right / total;
  return {
    accuracy: round(accuracy, 4),
    error: round(Math.sqrt((accuracy * (1 - accuracy)) / total), 4),
    unknown: round(rejected / total, 4),
    confusion,
    perClass: classes.map((name, i) => {
      const pictures = confusion[i]?.reduce((a, b) => a + b, 0) ?? 0;
      return { class: name, pictures, accuracy: round((confusion[i]?.[i] ?? 0) / Math.max(1, pictures), 4) };
    }),
    calibrationError: round(bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / total, 4),
  };
}

/** Heads of fewer pictures, judged on pictures that none of them saw. */
async function learningCurve(
  samples: readonly Sample[],
  classes: readonly string[],
  random: () => number,
  options: TeachOptions,
): Promise<CurvePoint[]> {
  const byClass = classes.map((name) => samples.filter((sample) => sample.class === name));
  const most = Math.min(...byClass.map((each) => Math.floor(each.length * 0.8)));
  const points: CurvePoint[] = [];
  for (const perClass of curveSizes.filter((size) => size <= most)) {
    const accuracies: number[] = [];
    for (let draw = 0; draw < curveDraws; draw += 1) {
      const drawn = byClass.map((each) => shuffled(each, random));
      const seen = drawn.flatMap((each) => each.slice(0, perClass));
      const groups = new Set(seen.map(({ group }) => group));
      const held = drawn
        .flatMap((each) => each.slice(perClass, perClass + 200))
        .filter(({ group }) => !groups.has(group));
      const part = `learning curve, ${perClass} pictures a class`;
      const layers = await train(seen, classes, 0, perClass === 1 ? 0 : 5, random, options, part);
      const right = held.filter((each) => classes[bestOf(headLogits(layers, each.embedding))] === each.class).length;
      if (held.length > 0) accuracies.push(right / held.length);
    }
    if (accuracies.length === 0) continue;
    const mean = accuracies.reduce((a, b) => a + b, 0) / accuracies.length;
    const deviation = Math.sqrt(accuracies.reduce((sum, each) => sum + (each - mean) ** 2, 0) / accuracies.length);
    points.push({ perClass, accuracy: round(mean, 4), deviation: round(deviation, 4) });
  }
  return points;
}

/** Whether more pictures are worth it, in a sentence: what the last doubling or so has brought. */
export function adviceOf(curve: readonly CurvePoint[]): string {
  const [before, last] = curve.slice(-2);
  if (before === undefined || last === undefined) return 'There are too few pictures to tell whether more would help.';
  const gain = last.accuracy - before.accuracy;
  const noise = Math.max(0.01, Math.hypot(before.deviation, last.deviation) / Math.sqrt(curveDraws));
  const points = (100 * gain).toFixed(1);
  const step = `From ${before.perClass} to ${last.perClass} pictures a class the accuracy went up by ${points} points`;
  if (last.accuracy >= 0.99) return `${step}; it is ${(100 * last.accuracy).toFixed(1)} %, so more hardly help.`;
  return gain > noise ? `${step}: more pictures are likely to help.` : `${step}: more of the same hardly help.`;
}

function rounded({ weights, bias }: HeadLayer): HeadLayer {
  return { weights: weights.map(roundedRow), bias: roundedRow(bias) };
}

function roundedRow(row: readonly number[]): number[] {
  return row.map((value) => Number(value.toPrecision(6)));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
