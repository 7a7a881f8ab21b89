import { serveTask } from '../../bench/run-task.js';
import type { RuntimeSettings } from '../../config/schema.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import type { Reference } from '../../contract/proof.js';
import { inputOptions } from '../../pipeline/capture/input-size.js';
import { Detector, Network } from '../../pipeline/network.js';
import { picturesOf } from '../pictures.js';

/** What a detector sees in some frames of the demo clip. */
export interface BoxesTask {
  model: VerifiedModel;
  runtime: RuntimeSettings;
  frames: readonly number[];
  minScore: number;
}

export interface FoundBoxes {
  /** That ran. */
  provider: string;
  sha256: string;
  pictures: PictureBoxes[];
}

/** Of one picture; boxes in its pixels. */
export type PictureBoxes = NonNullable<Reference['boxes']['fp32']>['pictures'][number];

serveTask<BoxesTask, number, FoundBoxes>(async ({ model, runtime, frames, minScore }, say) => {
  await using network = await Network.load(model, runtime);
  const detector = new Detector(network);
  const wanted = new Set(frames);
  const pictures: PictureBoxes[] = [];
  for await (const { frame = 0, picture, tensor } of picturesOf(['demo'], inputOptions(model.card))) {
    if (!wanted.has(frame)) continue;
    const { width, height } = picture.frame;
    const round = (value: number, digits: number) => Number(value.toFixed(digits));
    const found = await detector.detect(tensor, minScore);
    pictures.push(
      found.map(({ class: name, score, box: [left, top, right, bottom] }) => ({
        class: name,
        score: round(score, 4),
        box: [round(left * width, 2), round(top * height, 2), round(right * width, 2), round(bottom * height, 2)],
      })),
    );
    say(pictures.length / frames.length);
    if (pictures.length === frames.length) break;
  }
  return { provider: network.provider.active, sha256: network.model.sha256, pictures };
});
