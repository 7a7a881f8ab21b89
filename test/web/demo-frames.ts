import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Box } from '../../src/contract/geometry.js';

const [width, height] = [160, 90];

interface Truth {
  width: number;
  height: number;
  frames: { class: string; box: Box }[][];
}

/** The demo clip's pictures and what is in each: finds out by the picture itself which one was shown. */
export class DemoFrames {
  readonly #pictures: Uint8Array;
  readonly #truth: Truth;

  /** @throws where ffmpeg is missing */
  constructor() {
    const args = ['-v', 'error', '-i', 'demo/street.mp4', '-vf', `scale=${width}:${height}:flags=area`];
    const output = ['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'];
    this.#pictures = execFileSync('ffmpeg', [...args, ...output], { maxBuffer: 64 * 1024 * 1024 });
    this.#truth = JSON.parse(readFileSync('demo/street.truth.json', 'utf8'));
  }

  /** Number of the frame that differs least from a picture, squares summed. */
  numberOf(grey: Uint8Array): number {
    const size = width * height;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let frame = 0; frame < this.#truth.frames.length; frame++) {
      let sum = 0;
      for (let i = 0; i < size && sum < least; i++) {
        const difference = (grey[i] as number) - (this.#pictures[frame * size + i] as number);
        sum += difference * difference;
      }
      if (sum < least) [best, least] = [frame, sum];
    }
    return best;
  }

  /** For each box, fractions of the picture, its best intersection over union with what is there in one of the pictures. */
  overlapsOf(boxes: readonly Box[], number: number): number[] {
    const { width: across, height: down, frames } = this.#truth;
    const there = frames[number] ?? [];
    const truths = there.map(({ box: [x1, y1, x2, y2] }): Box => [x1 / across, y1 / down, x2 / across, y2 / down]);
    return boxes.map((box) => Math.max(0, ...truths.map((truth) => iou(box, truth))));
  }
}

function iou(a: Box, b: Box): number {
  const shared =
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return shared / (area(a) + area(b) - shared);
}
