import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, type Difference, isWithin } from '../../bench/detection-difference.js';
import { runTask } from '../../bench/run-task.js';
import type { RuntimeSettings } from '../../config/schema.js';
import { ModelError } from '../../contract/errors.js';
import type { Precision } from '../../contract/model-card.js';
import { type Reference, reference, type SelfTestResult } from '../../contract/proof.js';
import { modelOn } from '../../contract/running-model.js';
import type { ListedModel } from '../../model/list.js';
import { loadModel } from '../../model/load.js';
import type { BoxesTask, FoundBoxes } from './find-boxes.js';

const program = fileURLToPath(new URL('./find-boxes.js', import.meta.url));
/** The frames of the demo clip, of which it has 420, that detectors are compared on. */
const frames = Array.from({ length: 20 }, (_, i) => 10 + 20 * i);
/** Weaker boxes are places where a network wavers: there INT8 and FP32 differ by 26 pixels, from here on by 6. */
const minScore = 0.5;

/** Beside the card. */
export const referenceFile = 'reference.json';

/**
 * Runs each file of a detector on the packed pictures and compares its boxes with those of the reference machine.
 *
 * @throws {ModelError} when the model can't be used, or has no reference
 */
export async function testBoxes(
  { card, folder }: ListedModel,
  runtime: RuntimeSettings,
  onProgress: (done: number) => void,
): Promise<SelfTestResult[]> {
  const wanted = await readReference(folder);
  const precisions = Object.keys(card.files) as Precision[];
  const results: SelfTestResult[] = [];
  for (const precision of precisions) {
    const model = await loadModel(folder, precision);
    const { frames, minScore, tolerance, boxes } = wanted;
    const before = boxes[precision];
    if (before?.sha256 !== model.sha256) throw unfit(folder, `was made with another ${precision} file`);
    const task: BoxesTask = { model, runtime, frames, minScore };
    const found = await runTask<BoxesTask, number, FoundBoxes>(program, task, {
      runtime,
      onProgress: (done) => onProgress((results.length + done) / precisions.length),
    });
    const difference = compare(before.pictures, found.pictures);
    results.push({
      model: card.name,
      version: card.version,
      precision: modelOn(model, found.provider).precision,
      sha256: found.sha256,
      provider: found.provider,
      pictures: frames.length,
      matched: difference.matched,
      alone: difference.alone.length,
      score: difference.score,
      pixels: difference.pixels,
      tolerance,
      within: isWithin(difference, tolerance, minScore),
    });
  }
  return results;
}

async function readReference(folder: string): Promise<Reference> {
  const path = join(folder, referenceFile);
  try {
    return reference.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw unfit(folder, `can’t be read: ${(cause as Error).message.split('\n')[0]}`);
  }
}

function unfit(folder: string, why: string): ModelError {
  const what = `${join(folder, referenceFile)}, the boxes that this model has to give, ${why}.`;
  return new ModelError('ERR_MODEL_REFERENCE', 'model', `${what} Install minspnet anew.`);
}

/**
 * What this machine's boxes are, as the reference for others. Their tolerance is the noise of quantisation on it: what
 * other kernels round otherwise stays below that, or does users more harm than the INT8 file itself.
 */
export async function makeReference(folder: string, runtime: RuntimeSettings, machine: string): Promise<Reference> {
  const find = async (precision: Precision) => {
    const task: BoxesTask = { model: await loadModel(folder, precision), runtime, frames, minScore };
    const { sha256, pictures } = await runTask<BoxesTask, number, FoundBoxes>(program, task, { runtime });
    return { sha256, pictures };
  };
  const [fp32, int8] = [await find('fp32'), await find('int8')];
  const { score, pixels }: Difference = compare(fp32.pictures, int8.pictures);
  return { referenceVersion: 1, machine, frames, minScore, tolerance: { score, pixels }, boxes: { fp32, int8 } };
}
