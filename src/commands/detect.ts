import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { FilterAPI, Scaler } from 'node-av/api';
import type { Frame } from 'node-av/lib';
import { defaultSettings, loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import type { Detection } from '../contract/detection.js';
import { exitCodes } from '../contract/errors.js';
import { modelPlaces } from '../daemon/state-directory.js';
import { loadModel } from '../model/load.js';
import { inputOptions, type Size } from '../pipeline/capture/input-size.js';
import type { Picture } from '../pipeline/capture/picture-source.js';
import { Detector, Network } from '../pipeline/network.js';
import type { DetectOptions } from './options.js';
import { makeOutputFolder, requireOther, writeOutput } from './output-file.js';
import { annotatedName, picturesOf } from './pictures.js';

/** What `--json` prints, a line a picture. */
interface PictureReport {
  file: string;
  /** Of a clip only, from 0. */
  frame?: number;
  /** Pixels. */
  width: number;
  height: number;
  detections: { class: string; score: number; box: [number, number, number, number] }[];
}

/** `minspnet detect`: what the network sees in pictures and clips, with the very code that cameras go through. */
export async function detect(files: string[], options: DetectOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  const { runtime } = settings;
  const model = await loadModel(
    options.model ?? defaultSettings().model.path,
    options.precision ?? 'auto',
    'detect',
    modelPlaces(settings),
  );
  const input = inputOptions(model.card, options.size);
  if (options.annotate !== undefined) await makeOutputFolder(options.annotate);

  await using network = await Network.load(model, runtime);
  const detector = new Detector(network);
  const minScore = options.minScore ?? model.card.minScore;
  using annotator = options.annotate === undefined ? undefined : new Annotator();
  for await (const { file, frame, picture, tensor } of picturesOf(files, input)) {
    const path = join(options.annotate ?? '', annotatedName(file, frame));
    if (annotator && !frame) await requireOther(path, file);
    const detections = await detector.detect(tensor, minScore);
    const report = toReport(file, picture, detections, frame);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
    if (annotator) await writeOutput(path, annotator.draw(picture.frame, detections, extname(path)));
  }
  return exitCodes.ok;
}

function toReport(
  file: string,
  { frame }: Picture,
  detections: Detection[],
  number: number | undefined,
): PictureReport {
  const { width, height } = frame;
  return {
    file,
    ...(number !== undefined && { frame: number }),
    width,
    height,
    detections: detections.map(({ class: name, score, box }) => ({
      class: name,
      score: round(score, 4),
      box: toPixels(box, { width, height }),
    })),
  };
}

function toPixels([left, top, right, bottom]: Detection['box'], { width, height }: Size): Detection['box'] {
  return [round(left * width, 2), round(top * height, 2), round(right * width, 2), round(bottom * height, 2)];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function toText({ file, frame, detections }: PictureReport): string {
  const list = detections.map(
    ({ class: name, score, box }) => `${name} ${score.toFixed(2)} [${box.map(Math.round).join(', ')}]`,
  );
  return `${file}${frame === undefined ? '' : ` #${frame}`}: ${list.join('; ') || 'nothing'}\n`;
}

/** Fonts that Debian and its relatives bring along; without one of them boxes go unlabelled. */
const fonts = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
  '/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf',
  '/usr/share/fonts/truetype/freefont/FreeSans.ttf',
];

/** Told apart by people who see few colours too (Okabe and Ito 2008). */
const colours = ['0xE69F00', '0x56B4E9', '0x009E73', '0xF0E442', '0x0072B2', '0xD55E00', '0xCC79A7', '0xFFFFFF'];

/** Draws boxes and names into pictures with FFmpeg's own filters. */
export class Annotator implements Disposable {
  readonly #scaler = new Scaler();
  readonly #font = fonts.find((file) => existsSync(file));
  readonly #colours = new Map<string, string>();

  /** @returns the picture as JPEG, or as PNG where `extension` is `.png`. */
  draw(frame: Frame, detections: readonly Detection[], extension: string): Buffer {
    // Best last, so that it is drawn over the others.
    const filters = detections.toReversed().flatMap((detection) => this.#filters(detection, frame));
    using filter = FilterAPI.create(['format=rgb24', ...filters].join(','));
    const [drawn] = filter.processAllSync(frame);
    if (drawn === undefined) throw new Error('FFmpeg’s filters gave no picture back');
    using picture = drawn;
    return extension.toLowerCase() === '.png'
      ? this.#scaler.toPngSync(picture)
      : this.#scaler.toJpegSync(picture, { quality: 92 });
  }

  [Symbol.dispose](): void {
    this.#scaler[Symbol.dispose]();
  }

  #filters({ class: name, score, box: [left, top, right, bottom] }: Detection, { width, height }: Frame): string[] {
    const colour = this.#colourOf(name);
    const x = Math.round(left * width);
    const y = Math.round(top * height);
    const thickness = Math.max(2, Math.round(Math.min(width, height) / 200));
    const size = Math.max(10, Math.round(height / 28));
    const w = Math.round((right - left) * width);
    const h = Math.round((bottom - top) * height);
    const filters = [`drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${colour}:t=${thickness}`];
    if (this.#font !== undefined) {
      const text = `${name.replace(/[^\p{L}\p{N} _-]/gu, '')} ${score.toFixed(2)}`;
      const labelY = y >= size * 1.4 ? y - Math.round(size * 1.3) : y;
      filters.push(
        `drawtext=fontfile=${this.#font}:text=${text}:x=${x}:y=${labelY}:fontsize=${size}:fontcolor=black` +
          `:box=1:boxcolor=${colour}@0.8:boxborderw=2`,
      );
    }
    return filters;
  }

  #colourOf(name: string): string {
    const known = this.#colours.get(name) ?? colours[this.#colours.size % colours.length] ?? 'white';
    this.#colours.set(name, known);
    return known;
  }
}
