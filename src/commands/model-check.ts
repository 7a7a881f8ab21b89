import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import type { RuntimeSettings } from '../config/schema.js';
import { exitCodes, ModelError } from '../contract/errors.js';
import type { Precision, VerifiedModel } from '../contract/model-card.js';
import { isTaught } from '../contract/model-card.js';
import { modelPlaces } from '../daemon/state-directory.js';
import { findFolder, loadModel, readCard } from '../model/load.js';
import { type InputOptions, inputOptions } from '../pipeline/capture/input-size.js';
import { Classifier } from '../pipeline/classifier.js';
import { Detector, Network, type Pixels } from '../pipeline/network.js';
import { labelsAt, Segmenter } from '../pipeline/segmenter.js';
import { percentile, sortUp } from '../timing/percentile.js';
import type { ModelCheckOptions } from './options.js';
import { picturesOf } from './pictures.js';

/** Every so many pictures of the demo clip is looked at; of some it is said what the model answers. */
const everyPicture = 20;
const shownAnswers = 5;

/** A model of any task, as far as checking it goes. */
interface Subject {
  input: InputOptions;
  /** @returns the answer for people, and what the network took, milliseconds */
  look: (pixels: Pixels) => Promise<{ answer: string; ms: number }>;
}

/** `minspnet model check`: whether a model with a card does what that says, on the demo's pictures. */
export async function modelCheck(path: string, options: ModelCheckOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  const { runtime } = settings;
  const folder = await folderOf(path, modelPlaces(settings));
  const card = await readCard(join(folder, 'card.json'));
  if (isTaught(card)) {
    const what = `${card.name} is a head that was taught: try it with minspnet classify --model ${card.name} FILE.`;
    throw new ModelError('ERR_MODEL_TASK', 'model', what);
  }
  const precisions = Object.keys(card.files) as Precision[];
  for (const precision of options.precision === undefined ? precisions : [options.precision]) {
    process.stdout.write(`${card.name} ${card.version}, ${card.task}, ${card.classes.length} classes, ${precision}\n`);
    switch (card.task) {
      case 'detect':
        await check(await loadModel(folder, precision), runtime, options, detector);
        break;
      case 'classify':
        await check(await loadModel(folder, precision, 'classify'), runtime, options, classifier);
        break;
      case 'segment':
        await check(await loadModel(folder, precision, 'segment'), runtime, options, segmenter);
        break;
    }
  }
  return exitCodes.ok;
}

/** The folder of a card, by the model's name, its own or that of a file in it. */
async function folderOf(path: string, places: readonly string[]): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? dirname(path) : await findFolder(path, places);
}

async function check<T extends 'detect' | 'classify' | 'segment'>(
  model: VerifiedModel<T>,
  runtime: RuntimeSettings,
  { size }: ModelCheckOptions,
  subjectOf: (network: Network<T>, size: ModelCheckOptions['size']) => Subject,
): Promise<void> {
  await using network = await Network.load(model, runtime);
  const { input, look } = subjectOf(network, size);
  const times: number[] = [];
  let shown = '';
  for await (const { frame = 0, tensor } of picturesOf(['demo'], input)) {
    shown = `${tensor.input.width}x${tensor.input.height}`;
    if (frame % everyPicture !== 0) continue;
    const { answer, ms } = await look(tensor);
    times.push(ms);
    if (times.length <= shownAnswers) process.stdout.write(`  demo #${frame}: ${answer}\n`);
  }
  const [, ...warm] = times; // the first run prepares what the others use
  const sorted = sortUp(warm);
  const [median, late] = [percentile(sorted, 0.5), percentile(sorted, 0.95)].map((ms) => ms.toFixed(2));
  process.stdout.write(`  ${shown}, ${network.provider.active}: ${median} ms a picture, 95 % within ${late} ms\n`);
}

function detector(network: Network, size: ModelCheckOptions['size']): Subject {
  const subject = new Detector(network);
  const { card } = network.model;
  return {
    input: inputOptions(card, size),
    look: async (pixels) => {
      const found = await subject.detect(pixels, card.minScore);
      const answer = found.map(({ class: name, score }) => `${name} ${score.toFixed(2)}`).join('; ') || 'nothing';
      return { answer, ms: subject.inferenceMs };
    },
  };
}

function classifier(network: Network<'classify'>, size: ModelCheckOptions['size']): Subject {
  const subject = new Classifier(network);
  return {
    input: subject.input(size),
    look: async (pixels) => {
      const [first, second, third] = await subject.classify(pixels);
      const best = [first, second, third].flatMap((each) => (each ? [`${each.class} ${each.score.toFixed(2)}`] : []));
      return { answer: best.join('; '), ms: subject.inferenceMs };
    },
  };
}

function segmenter(network: Network<'segment'>, size: ModelCheckOptions['size']): Subject {
  const subject = new Segmenter(network);
  const { card } = network.model;
  return {
    input: inputOptions(card, size),
    look: async (pixels) => {
      const logits = await subject.segment(pixels);
      const { labels } = labelsAt(logits, { width: logits.columns, height: logits.rows });
      const counts = card.classes.map((name, i) => ({ name, count: labels.filter((label) => label === i + 1).length }));
      const seen = counts
        .filter(({ count }) => count > 0)
        .map(({ name, count }) => `${name} ${percent(count, labels)}`);
      return { answer: seen.join('; ') || 'background only', ms: subject.inferenceMs };
    },
  };
}

function percent(count: number, { length }: { length: number }): string {
  return `${((100 * count) / length).toFixed(1)} %`;
}
