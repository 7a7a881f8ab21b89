import { setPriority } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes, TeachError } from '../contract/errors.js';
import type { TaughtCard } from '../contract/model-card.js';
import { modelsIn, openStateDirectory } from '../daemon/state-directory.js';
import { NewVersion, namePattern } from '../learn/store.js';
import { type Sample, teach as teachHead } from '../learn/teach.js';
import { loadTensorFlow } from '../learn/tensorflow.js';
import { loadModel } from '../model/load.js';
import { Classifier } from '../pipeline/classifier.js';
import { Network } from '../pipeline/network.js';
import { ProgressBar } from './progress-bar.js';
import { type GatheredPicture, gather, lockLessons, type Sources } from './teach/gather.js';
import { PictureReader } from './teach/picture-reader.js';

/** What `minspnet teach` can be told. */
export interface TeachOptions extends Sources {
  /** The settings file that names the state directory. */
  config?: string;
  /** The network whose embeddings are used. */
  base: string;
  precision?: 'fp32' | 'int8';
  /** One JSON document in place of text. */
  json: boolean;
}

/** Of the scheduler (nice(1)). */
const lowestPriority = 19;

/** From now on this process works only while nobody else wants to: cameras come first. */
export function giveWay(): void {
  setPriority(lowestPriority);
}

/** `minspnet teach`: a model of your own from a few pictures. */
export async function teach(name: string, options: TeachOptions, redactor: Redactor): Promise<number> {
  if (!namePattern.test(name)) {
    const what = `"${name}" is no name for a model: write 1 to 64 letters, digits, "_" or "-".`;
    throw new TeachError('ERR_TEACH_NAME', 'usage', what);
  }
  const startedAt = performance.now();
  const { settings } = loadSettings({ file: options.config, redactor });
  const state = await openStateDirectory(settings.stateDirectory);
  const models = modelsIn(state);
  await using _ = await lockLessons(state, name);
  const interrupted = new AbortController();
  const stop = () =>
    interrupted.abort(
      new TeachError('ERR_TEACH_STOPPED', 'usage', `teaching ${name} was interrupted; nothing has changed.`),
    );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const bar = new ProgressBar(process.stderr, 'teaching:');
  try {
    const pictures = await gather(name, state, options);
    const base = await loadModel(options.base, options.precision ?? 'auto', 'classify', [models]);
    const version = await NewVersion.begin(models, name);
    try {
      const { samples, skipped } = await embedAll(pictures, version, base, settings, interrupted.signal, bar);
      for (const line of summarised(skipped)) process.stderr.write(`${line}\n`);
      const { tf, name: backend, notes } = await loadTensorFlow();
      process.stderr.write(`teaching with ${backend}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}\n`);
      const taught = await teachHead(samples, {
        tf,
        signal: interrupted.signal,
        progress: (part, done) => bar.show(part, done),
      });
      bar.end();
      const { name: baseName, version: baseVersion } = base.card;
      const card = await version.commit(taught, {
        base: { name: baseName, version: baseVersion },
        backend,
        seconds: (performance.now() - startedAt) / 1000,
        taughtAt: new Date(),
      });
      process.stdout.write(options.json ? `${JSON.stringify(card)}\n` : report(card, join(models, name)));
    } catch (error) {
      await version.discard();
      throw error;
    }
  } finally {
    bar.end();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
  return exitCodes.ok;
}

async function embedAll(
  pictures: readonly GatheredPicture[],
  version: NewVersion,
  base: Awaited<ReturnType<typeof loadModel<'classify'>>>,
  { runtime }: { runtime: Parameters<typeof Network.load>[1] },
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<{ samples: Sample[]; skipped: { path: string; why: string }[] }> {
  await using network = await Network.load(base, runtime);
  const reader = new PictureReader(new Classifier(network), pictures.length);
  const samples: Sample[] = [];
  const skipped: { path: string; why: string }[] = [];
  for (const [i, picture] of pictures.entries()) {
    signal.throwIfAborted();
    bar.show('reading pictures', i / pictures.length);
    const read = await reader.read(picture);
    if ('why' in read) {
      skipped.push({ path: picture.path, why: read.why });
      continue;
    }
    samples.push(read.sample);
    await version.keep(picture.class, read.sample.group, read.jpeg);
    await new Promise(setImmediate); // so that an interruption is heard
  }
  return { samples: reader.withoutContradictions(samples, skipped), skipped };
}

/** Ten of them by name, the rest as a number. */
function summarised(skipped: readonly { path: string; why: string }[]): string[] {
  const lines = skipped.slice(0, 10).map(({ path, why }) => `left out: ${path}: ${why}`);
  return skipped.length > 10 ? [...lines, `left out: ${skipped.length - 10} more`] : lines;
}

function report(card: TaughtCard, folder: string): string {
  const { measured, learningCurve, training } = card as unknown as {
    measured: {
      accuracy: number;
      error: number;
      unknown: number;
      perClass: { class: string; pictures: number; accuracy: number }[];
    };
    learningCurve: { advice: string };
    training: { seconds: number };
  };
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const rows = measured.perClass.map(
    ({ class: name, pictures, accuracy }) =>
      `  ${name.padEnd(20)} ${String(pictures).padStart(6)} pictures ${percent(accuracy).padStart(8)} right`,
  );
  const few = measured.perClass.filter(({ pictures }) => pictures < 10).map((each) => each.class);
  return [
    `${card.name} is taught, in ${training.seconds} s: ${percent(measured.accuracy)} ± ${percent(measured.error)} right on pictures that were held out`,
    ...rows,
    `${percent(measured.unknown)} of them would be told as unknown.`,
    learningCurve.advice,
    ...(few.length > 0 ? [`Fewer than ten pictures of ${few.join(', ')}: take the figures for a guess.`] : []),
    `${folder}: card.json, confusion.svg, learning-curve.svg`,
    `Try it: minspnet classify --model ${card.name} FILE`,
    '',
  ].join('\n');
}
