import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSource } from '../src/bench/network-subject.js';
import { settingsSchema } from '../src/config/schema.js';
import type { Detection } from '../src/contract/detection.js';
import type { Box } from '../src/contract/geometry.js';
import { loadModel } from '../src/model/load.js';
import { detectIn, wholeInput } from '../src/pipeline/analysis.js';
import { lowestRemembered } from '../src/pipeline/candidates.js';
import { inputOptions, type Size } from '../src/pipeline/capture/input-size.js';
import { Preparation } from '../src/pipeline/capture/preparation.js';
import type { Tiling } from '../src/pipeline/capture/tiles.js';
import { Detector, Network } from '../src/pipeline/network.js';

/** What the network sees in each picture of a clip, so that trackers can be compared on the very same. */
export interface ClipDetections {
  model: string;
  /** Of the camera's picture, pixels. */
  width: number;
  height: number;
  /** [width, height] of the network's input. */
  input: [number, number];
  pictures: SeenPicture[];
}

export interface SeenPicture {
  seconds: number;
  detections: Detection[];
  /** Pixels of the network's input that the whole picture covers, or would. */
  whole: Size;
  /** Of the tile that was looked at, if it was one. */
  seams?: Box | undefined;
}

export interface DetectionOptions {
  model: string;
  size?: [number, number] | undefined;
  /** Pictures a second, at most. */
  fps: number;
  tiles?: Tiling | undefined;
}

/**
 * Of every picture that a camera of this rate would look at, without a motion gate.
 *
 * @param folder where they are kept, and read from if they are there
 */
export async function detectionsOf(
  clip: string,
  { model: name, size, fps, tiles }: DetectionOptions,
  folder: string | undefined,
): Promise<ClipDetections> {
  const file = `${basename(clip)}.${name}.${size?.join('x') ?? 'usual'}${tiles ? `.tiles-${tiles}` : ''}.json`;
  const path = folder && join(folder, file);
  const kept = path && (await readFile(path, 'utf8').catch(() => undefined));
  if (kept) return JSON.parse(kept) as ClipDetections;
  const model = await loadModel(name, 'auto');
  await using network = await Network.load(model, settingsSchema.parse({}).runtime);
  const detector = new Detector(network);
  using preparation = new Preparation({ ...inputOptions(model.card, size), fps, tiles });
  await using source = openSource(clip);
  const { width, height } = await source.open();
  const input = preparation.inputFor({ width, height });
  const pictures: ClipDetections['pictures'] = [];
  for (let picture = await source.next(); picture !== undefined; picture = await source.next()) {
    if (!preparation.rate.isDue(picture.mediaMs)) continue;
    const prepared = preparation.prepare(picture.frame, picture.mediaMs, preparation.memoryFor(picture.frame));
    const seen = await detectIn(prepared, undefined, detector, lowestRemembered);
    pictures.push({ seconds: picture.mediaMs / 1000, ...seen, whole: wholeInput(prepared) });
  }
  const result: ClipDetections = { model: name, width, height, input: [input.width, input.height], pictures };
  if (folder === undefined || path === undefined) return result;
  await mkdir(folder, { recursive: true });
  await writeFile(path, JSON.stringify(result));
  return result;
}
