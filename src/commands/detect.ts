import { basename, extname, join } from 'node:path';
import { settingsSchema } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import { exitCodes } from '../contract/errors.js';
import { loadModel } from '../model/load.js';
import { FfmpegSource } from '../pipeline/capture/ffmpeg-source.js';
import { chosenSize, inputSize, type Size } from '../pipeline/capture/input-size.js';
import type { Picture } from '../pipeline/capture/picture-source.js';
import { parseSource } from '../pipeline/capture/source.js';
import { tensorBuffer, tensorBytes } from '../pipeline/capture/tensor.js';
import { TensorScaler } from '../pipeline/capture/tensor-scaler.js';
import { Detector } from '../pipeline/detector.js';
import { Network } from '../pipeline/network.js';
import { Annotator } from './annotator.js';
import type { DetectOptions } from './options.js';
import { makeOutputFolder, requireOther, writeOutput } from './output-file.js';

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
export async function detect(files: string[], options: DetectOptions): Promise<number> {
  const { model: modelDefaults, runtime } = settingsSchema.parse({});
  const model = await loadModel(options.model ?? modelDefaults.path, options.precision ?? modelDefaults.precision);
  const { multipleOf, fill, resize } = model.card.input;
  const fixed = chosenSize(model.card, options.size);
  if (options.annotate !== undefined) await makeOutputFolder(options.annotate);

  await using network = await Network.load(model, runtime);
  const detector = new Detector(network);
  const minScore = options.minScore ?? model.card.minScore;
  for (const file of files) {
    await using source = new FfmpegSource(asFile(file));
    const facts = await source.open();
    const input = fixed ?? inputSize(facts, multipleOf);
    const buffer = tensorBuffer(input, fill);
    using scaler = new TensorScaler(input, fill, resize);
    using annotator = options.annotate === undefined ? undefined : new Annotator();
    const isClip = facts.frames !== 1;
    const seen = (frame: number) => join(options.annotate ?? '', annotatedName(file, isClip ? frame : undefined));
    if (annotator) await requireOther(seen(0), file);
    for (let frame = 0; ; frame += 1) {
      const picture = await source.next();
      if (picture === undefined) break;
      const fitted = scaler.scale(picture.frame, buffer);
      const detections = await detector.detect({ bytes: tensorBytes(buffer, input), input, fitted }, minScore);
      const report = toReport(file, picture, detections, isClip ? frame : undefined);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
      if (annotator) {
        const path = seen(frame);
        await writeOutput(path, annotator.draw(picture.frame, detections, extname(path)));
      }
    }
  }
  return exitCodes.ok;
}

/** A picture keeps its name, but what it is written as has to fit it. */
function annotatedName(file: string, frame: number | undefined): string {
  const extension = extname(file);
  const name = basename(file, extension);
  if (frame !== undefined) return `${name}-${String(frame).padStart(6, '0')}.jpg`;
  return name + (/^\.(jpe?g|png)$/i.test(extension) ? extension : '.jpg');
}

/** Names on this command line are files, whatever they look like. */
function asFile(name: string) {
  const source = parseSource(name === 'demo' ? name : `file:${name}`);
  if (source.kind !== 'ffmpeg') throw new TypeError(`${name} is no file`);
  return source;
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
