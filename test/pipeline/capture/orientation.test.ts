import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { jpegSize } from '../../../src/pipeline/capture/cut.js';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { SnapshotEncoder } from '../../../src/pipeline/capture/snapshot.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { TensorScaler } from '../../../src/pipeline/capture/tensor-scaler.js';
import { findProgram } from '../../support/broker.js';
import { heif, jpegWith, makeQuarters, mp4With, pngWith, webpWith } from '../../support/oriented.js';

const noFfmpeg = findProgram('ffmpeg') === undefined ? 'needs the ffmpeg program' : false;
const [width, height] = [64, 48];

/** Whether a file is shown as it was before it was laid down: its size, its four quarters, its snapshot. */
async function isUpright(t: Test, path: string, what: string): Promise<void> {
  const description = parseSource(`file:${path}`);
  if (description.kind !== 'ffmpeg') throw new TypeError('no file');
  await using source = new FfmpegSource(description);
  t.match(await source.open(), { width, height }, `${what}: the size that is told`);
  const picture = await source.next();
  if (picture === undefined) throw new TypeError('no picture');
  const { frame } = picture;
  t.match({ width: frame.width, height: frame.height }, { width, height }, `${what}: the size that it has`);
  const input = { width, height };
  using scaler = new TensorScaler(input, 114);
  const bytes = new Uint8Array(input.width * input.height * 3).fill(114);
  scaler.scale(frame, bytes);
  const at = (x: number, y: number) => bytes[(y * width + x) * 3] ?? 0;
  const quarters = [at(16, 12), at(48, 12), at(16, 36), at(48, 36)];
  const rising = quarters.every((value, i) => i === 0 || value > (quarters[i - 1] ?? 0) + 30);
  t.ok(rising, `${what}: from dark to bright, ${quarters}`);
  const jpeg = new SnapshotEncoder({ quality: 80, maxSize: 640 }).encode(frame, { box: [0, 0, 1, 1] });
  t.strictSame(jpegSize(jpeg), { width, height }, `${what}: its snapshot`);
}

for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
  t.test(`orientation ${orientation} of EXIF, in pictures and in a film`, { skip: noFfmpeg }, async (t) => {
    const folder = t.testdir();
    const laid = orientation < 5 ? ([width, height] as const) : ([height, width] as const);
    const cases = {
      'a.jpg': (path: string) => jpegWith(makeQuarters(path, orientation, '-frames:v', '1', '-q:v', '2'), orientation),
      'b.png': (path: string) => pngWith(makeQuarters(path, orientation, '-frames:v', '1'), orientation),
      'c.webp': (path: string) =>
        webpWith(makeQuarters(path, orientation, '-frames:v', '1', '-c:v', 'libwebp'), orientation, ...laid),
      'd.mp4': (path: string) => mp4With(makeQuarters(path, orientation, '-pix_fmt', 'yuv420p'), orientation),
    };
    for (const [name, make] of Object.entries(cases)) {
      const path = join(folder, name);
      writeFileSync(path, make(path));
      await isUpright(t, path, name);
    }
  });
}

t.test('HEIF turned by irot and imir', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  for (const [orientation, turns, mirror] of [
    [1, 0],
    [8, 1],
    [3, 2],
    [6, 3],
    [2, 0, 1],
    [4, 0, 0],
    [5, 1, 0],
    [7, 3, 0],
  ] as const) {
    const path = join(folder, `${orientation}.heic`);
    const laid = orientation < 5 ? ([width, height] as const) : ([height, width] as const);
    const encoder = ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-x265-params', 'log-level=none:info=0', '-f', 'hevc'];
    const hevc = makeQuarters(join(folder, 'one.hevc'), orientation, '-frames:v', '1', ...encoder);
    writeFileSync(path, heif(hevc, ...laid, turns, mirror));
    await isUpright(t, path, `HEIF, as orientation ${orientation}`);
  }
});
