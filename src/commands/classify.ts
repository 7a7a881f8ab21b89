import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes } from '../contract/errors.js';
import { modelsIn, stateDirectoryOf } from '../daemon/state-directory.js';
import { loadClassifier } from '../model/classifier.js';
import { Classifier, type ClassScore } from '../pipeline/classifier.js';
import { Network } from '../pipeline/network.js';
import type { ClassifyOptions, EmbedOptions } from './options.js';
import { picturesOf } from './pictures.js';

/** What `--json` prints, a line a picture. */
interface PictureReport {
  file: string;
  /** Of a clip only, from 0. */
  frame?: number;
  classes: ClassScore[];
}

/** `minspnet classify`: what a picture shows as a whole, by a classifier or by what was taught. */
export async function classify(files: string[], options: ClassifyOptions, redactor: Redactor): Promise<number> {
  return await withClassifier(options, redactor, async (classifier) => {
    for await (const { file, frame, tensor } of picturesOf(files, classifier.input(options.size))) {
      const answers = await classifier.classify(tensor);
      const classes = answers
        .slice(0, options.top)
        .map(({ class: name, score }) => ({ class: name, score: Number(score.toFixed(4)) }));
      const report: PictureReport = { file, ...(frame !== undefined && { frame }), classes };
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
    }
  });
}

/** `minspnet embed`: the pooled features of pictures, a JSON line each. */
export async function embed(files: string[], options: EmbedOptions, redactor: Redactor): Promise<number> {
  return await withClassifier(options, redactor, async (classifier, model) => {
    for await (const { file, frame, tensor } of picturesOf(files, classifier.input(options.size))) {
      const embedding = Array.from(await classifier.embed(tensor), (value) => Number(value.toPrecision(6)));
      const line = { file, ...(frame !== undefined && { frame }), model, embedding };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  });
}

/** The model that is used where none is named. */
const usualModel = 'minspnet-s-cls';

/** @param use is given the classifier, and the name and version of its network */
async function withClassifier(
  { config, model = usualModel, precision }: EmbedOptions,
  redactor: Redactor,
  use: (classifier: Classifier, model: { name: string; version: string }) => Promise<void>,
): Promise<number> {
  const { settings } = loadSettings({ file: config, redactor });
  const places = [modelsIn(stateDirectoryOf(settings.stateDirectory))];
  const { base, taught } = await loadClassifier(model, precision ?? 'auto', places);
  await using network = await Network.load(base, settings.runtime);
  const { name, version } = base.card;
  await use(new Classifier(network, taught), { name, version });
  return exitCodes.ok;
}

function toText({ file, frame, classes }: PictureReport): string {
  const list = classes.map(({ class: name, score }) => `${name} ${score.toFixed(2)}`);
  return `${file}${frame === undefined ? '' : ` #${frame}`}: ${list.join('; ')}\n`;
}
