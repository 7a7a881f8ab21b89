import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { MotionSettings } from '../../../src/config/schema.js';
import type { Box } from '../../../src/contract/geometry.js';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { MotionGate } from '../../../src/pipeline/capture/motion-gate.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { type ClipOptions, makeClip } from '../../support/clip.js';

const defaults: MotionSettings = { gate: true, threshold: 8, refreshSeconds: 2 };
const input = { width: 320, height: 192 };
const clip = { width: 640, height: 360, frames: 50, fps: 10 };

/** Whether each picture of a clip is still to a gate whose scene is always settled, or as `settled` says. */
async function judge(
  t: Test,
  luma: NonNullable<ClipOptions['luma']>,
  settings: Partial<MotionSettings> = {},
  settled = (_: number) => true,
  region?: Box,
  inTurn?: number,
): Promise<boolean[]> {
  const path = join(t.testdir(), 'a.mp4');
  await makeClip(path, { ...clip, luma });
  const source = parseSource(path);
  if (source.kind !== 'ffmpeg') throw new TypeError('no file');
  await using opened = new FfmpegSource(source);
  await opened.open();
  using gate = new MotionGate({ ...defaults, ...settings }, input, region, inTurn);
  const still: boolean[] = [];
  for (let picture = await opened.next(); picture !== undefined; picture = await opened.next()) {
    still.push(gate.isStill(picture.frame, picture.mediaMs, settled(still.length)));
  }
  return still;
}

const looks = (still: readonly boolean[]) => still.flatMap((one, i) => (one ? [] : [i]));
const grain = (x: number, y: number, frame: number) => ((x * 7919 + y * 104_729 + frame * 15_485_863) % 17) - 8;

t.test('a still, grainy picture is looked at when it comes, and again at each refresh', async (t) => {
  const still = await judge(t, (x, y, frame) => 100 + (x % 50) + grain(x, y, frame));
  const gaps = looks(still).map((at, i, all) => at - (all[i - 1] ?? 0));
  t.ok(Math.max(...gaps) <= 20, `never longer than the refresh of 2 s: ${looks(still)}`);
  t.ok(looks(still).length <= 5, `${looks(still)}`);
});

t.test('a thing the size of the smallest person, a little brighter than its ground, is seen at once', async (t) => {
  // 16 x 32 pixels of 640 x 360: 8 x 16 of the network's input.
  const luma = (x: number, y: number, frame: number) =>
    frame >= 25 && x >= 300 && x < 316 && y >= 200 && y < 232 ? 125 : 100;
  const still = await judge(t, luma);
  t.equal(still[24], true);
  t.equal(still[25], false);
});

t.test('what creeps by less than the threshold a picture is noticed before the refresh', async (t) => {
  const luma = (x: number, _: number, frame: number) => 60 + x / 10 + Math.max(0, frame - 5) * 2;
  const still = await judge(t, luma, { refreshSeconds: 60 });
  t.ok(looks(still).length > 8, `${looks(still)}`);
});

t.test('a scene that is not settled is looked at always; so is all without the gate', async (t) => {
  const luma = () => 100;
  const still = await judge(t, luma, {}, (picture) => picture >= 10);
  t.ok(still.slice(0, 10).every((one) => !one));
  t.ok(still.slice(10, 20).some((one) => one));
  t.strictSame(looks(await judge(t, luma, { gate: false })).length, clip.frames);
});

t.test(
  'of a region: what moves beside it wakes nobody, and what moves in it is seen as finely as the network does',
  async (t) => {
    const region: Box = [0.5, 0.25, 0.75, 0.5]; // 320..480 x 90..180
    const moving = (left: number, top: number, side: number) => (x: number, y: number, frame: number) =>
      frame >= 25 && x >= left && x < left + side && y >= top && y < top + side ? 60 + ((frame * 40) % 180) : 100;
    const always = () => true;
    const judged = (luma: ReturnType<typeof moving>) => judge(t, luma, { refreshSeconds: 60 }, always, region);
    for (const [left, top, side] of [[200, 90, 110] as const, [320, 190, 160] as const, [490, 60, 130] as const]) {
      t.strictSame(
        looks(await judged(moving(left, top, side))).filter((at) => at >= 25),
        [],
        `beside: ${left}, ${top}`,
      );
    }
    // 6 x 6 pixels of 640 x 360 are 12 x 12 of the network's input, but less than a cell if all of the picture were in it.
    for (const [left, top] of [[324, 94] as const, [472, 172] as const, [400, 130] as const]) {
      t.ok(looks(await judged(moving(left, top, 6))).filter((at) => at >= 25).length > 15, `within: ${left}, ${top}`);
    }
  },
);

t.test('where several looks show the picture, what moved and what is due again is seen by all of them', async (t) => {
  const moved = (x: number, _: number, frame: number) => (x < 100 && frame === 20 ? 160 : 100);
  const seen = looks(await judge(t, moved, { refreshSeconds: 1.5 }, () => true, undefined, 5));
  const runs = seen
    .filter((at, i) => seen[i - 1] !== at - 1)
    .map((from) => {
      let to = from;
      while (seen.includes(to + 1)) to += 1;
      return [from, to - from + 1];
    });
  for (let at = 20; at <= 25; at += 1) t.ok(seen.includes(at), `five looks from when it was as before again: ${seen}`);
  t.ok(runs.length >= 3, `it rests between them: ${seen}`);
  t.ok(
    runs.every(([from = 0, length = 0]) => length >= 5 || from + length === clip.frames),
    `in fives: ${seen}`,
  );
});
