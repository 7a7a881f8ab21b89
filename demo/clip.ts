// biome-ignore-all lint/style/noNonNullAssertion: a seen part names one that the cast has
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Camera } from './camera.js';
import type { Point } from './crossing.js';
import { ClipWriter } from './encode.js';
import { Mesh } from './mesh.js';
import { takePicture } from './picture.js';
import { buildClip, CLIP, type ClipScene } from './scene.js';
import { groundHeight } from './scenery/layout.js';
import { meter, type SensorSettings } from './sensor.js';
import { crossingsOf, type Truth, type TruthObject, writeTruth } from './truth.js';

/** Smallest piece of an object that counts as being in the picture, pixels a side. */
const LEAST = 3;

export const FRAMES = CLIP.fps * CLIP.seconds;

/** Draws single frames of the clip. */
export class ClipMaker {
  private readonly scene: ClipScene;
  private readonly exposure: number;

  /** `factor` is the supersampling a side; the clip has CLIP.factor, a quick look can do with 1. */
  constructor(readonly factor: number = CLIP.factor) {
    this.scene = buildClip(factor);
    this.exposure = meter(this.scene.view.render(new Mesh(), []).picture, 1.02);
  }

  get camera(): Camera {
    return this.scene.camera;
  }

  /** Draws frame `index` into `pixels` (RGBA) and says what is in it. */
  frame(index: number, pixels: Uint8ClampedArray): TruthObject[] {
    const cast = this.scene.cast(index / CLIP.fps);
    const sensor: SensorSettings = {
      width: CLIP.width,
      height: CLIP.height,
      factor: this.factor,
      exposure: this.exposure,
      noise: 0.9,
      blur: 0.42,
      vignette: 0.16,
      white: [1.02, 1, 0.97],
      saturation: 1.02,
      seed: index,
    };
    const seen = takePicture(
      this.scene.view,
      cast.map((c) => c.thing),
      sensor,
      pixels,
    );
    return seen
      .filter((s) => s.box[2] - s.box[0] >= LEAST && s.box[3] - s.box[1] >= LEAST)
      .map((s) => ({
        id: cast[s.thing]!.ids[s.part]!,
        class: s.class,
        box: s.box.map((v) => Math.round(v * 10) / 10) as TruthObject['box'],
        visible: Math.round(s.visible * 100) / 100,
      }));
  }

  /** Points on the ground as fractions of the picture, kept inside it. */
  outline(points: readonly Point[]): Point[] {
    const { camera, layout } = this.scene;
    const keep = (v: number): number => Math.round(Math.min(1, Math.max(0, v)) * 1000) / 1000;
    return points.map(([x, y]) => {
      const p = camera.project([x, y, groundHeight(layout, y)]);
      return [keep(p[0] / camera.width), keep(p[1] / camera.height)];
    });
  }
}

/** Lines and zones of the clip, in metres on the street's ground. */
const LINES: readonly { name: string; from: Point; to: Point }[] = [
  { name: 'road', from: [1.9, -3.45], to: [1.9, 3.4] },
  { name: 'pavement', from: [3, -5.6], to: [3, -3.5] },
];
const ZONES: readonly { name: string; polygon: readonly Point[] }[] = [
  {
    name: 'crossing',
    polygon: [
      [2.9, -3.3],
      [6.3, -3.3],
      [6.3, 3.3],
      [2.9, 3.3],
    ],
  },
  {
    name: 'bench',
    polygon: [
      [9.8, 3.9],
      [14, 3.9],
      [14, 6.2],
      [9.8, 6.2],
    ],
  },
];

/** Renders the clip and its truth into a folder. */
export async function renderClip(out: string, say: (text: string) => void): Promise<void> {
  const maker = new ClipMaker();
  const file = join(out, 'street.mp4');
  const writer = await ClipWriter.open(file, CLIP.width, CLIP.height, CLIP.fps, 23);
  const pixels = new Uint8ClampedArray(CLIP.width * CLIP.height * 4);
  const frames: TruthObject[][] = [];
  for (let i = 0; i < FRAMES; i++) {
    frames.push(maker.frame(i, pixels));
    await writer.write(pixels);
    if ((i + 1) % 60 === 0) say(`${i + 1} of ${FRAMES} frames`);
  }
  await writer.close();
  const bytes = await readFile(file);
  const lines = LINES.map(({ name, from, to }) => {
    const [a, b] = maker.outline([from, to]) as [Point, Point];
    return { name, from: a, to: b, crossings: crossingsOf(frames, { from: a, to: b }, CLIP.width, CLIP.height) };
  });
  const truth: Truth = {
    version: 1,
    width: CLIP.width,
    height: CLIP.height,
    fps: CLIP.fps,
    clip: {
      file: 'street.mp4',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      frames: FRAMES,
    },
    lines,
    zones: ZONES.map(({ name, polygon }) => ({ name, polygon: maker.outline(polygon) })),
    frames,
  };
  await writeFile(join(out, 'street.truth.json'), writeTruth(truth));
}
