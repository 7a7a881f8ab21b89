import { extname, join } from 'node:path';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes } from '../contract/errors.js';
import { modelPlaces } from '../daemon/state-directory.js';
import { loadModel } from '../model/load.js';
import { inputOptions } from '../pipeline/capture/input-size.js';
import { Network } from '../pipeline/network.js';
import { type LabelMap, labelsAt, Segmenter } from '../pipeline/segmenter.js';
import { greyPng, Overlay } from './label-pictures.js';
import type { SegmentOptions } from './options.js';
import { makeOutputFolder, requireOther, writeOutput } from './output-file.js';
import { annotatedName, picturesOf, plainName } from './pictures.js';

/** What `--json` prints, a line a picture. */
interface PictureReport {
  file: string;
  /** Of a clip only, from 0. */
  frame?: number;
  /** Pixels. */
  width: number;
  height: number;
  /** Share of the picture by class, 0..1, largest first; without the background. */
  shares: { class: string; share: number }[];
}

/** `minspnet segment`: what each pixel shows. */
export async function segment(files: string[], options: SegmentOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  const { runtime } = settings;
  const named = options.model ?? 'minspnet-s-seg';
  const model = await loadModel(named, options.precision ?? 'auto', 'segment', modelPlaces(settings));
  const { annotate, labels } = options;
  for (const folder of [annotate, labels]) if (folder !== undefined) await makeOutputFolder(folder);
  await using network = await Network.load(model, runtime);
  const segmenter = new Segmenter(network);
  using overlay = annotate === undefined ? undefined : new Overlay();
  for await (const { file, frame, picture, tensor } of picturesOf(files, inputOptions(model.card, options.size))) {
    const map = labelsAt(await segmenter.segment(tensor), picture.frame);
    const report = toReport(file, frame, map, model.card.classes);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
    if (labels !== undefined) await write(join(labels, `${plainName(file, frame)}.png`), file, () => greyPng(map));
    if (annotate === undefined || overlay === undefined) continue;
    const path = join(annotate, annotatedName(file, frame));
    await write(path, file, () => overlay.draw(picture.frame, map, extname(path)));
  }
  return exitCodes.ok;
}

async function write(path: string, input: string, make: () => Uint8Array): Promise<void> {
  await requireOther(path, input);
  await writeOutput(path, make());
}

function toReport(
  file: string,
  frame: number | undefined,
  { width, height, labels }: LabelMap,
  classes: readonly string[],
): PictureReport {
  const counts = new Array<number>(classes.length + 1).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const shares = classes
    .map((name, i) => ({ class: name, share: Number(((counts[i + 1] ?? 0) / labels.length).toFixed(4)) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  return { file, ...(frame !== undefined && { frame }), width, height, shares };
}

function toText({ file, frame, shares }: PictureReport): string {
  const list = shares.map(({ class: name, share }) => `${name} ${(share * 100).toFixed(1)} %`);
  return `${file}${frame === undefined ? '' : ` #${frame}`}: ${list.join('; ') || 'background only'}\n`;
}
