import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AV_PIX_FMT_RGBA, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P } from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import t, { type Test } from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { fullPicture, jpegSize } from '../../../src/pipeline/capture/cut.js';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { SnapshotEncoder } from '../../../src/pipeline/capture/snapshot.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { frameOf } from '../../support/frame-of.js';

const size = { width: 320, height: 240 };
const [black, white] = [16, 235]; // as video has them

/** Black, with what lies in `box` white. */
function picture(box: Box, format: typeof AV_PIX_FMT_YUV420P | typeof AV_PIX_FMT_YUV422P): Frame {
  const { width, height } = size;
  const chroma = format === AV_PIX_FMT_YUV420P ? width * height * 0.5 : width * height;
  const bytes = Buffer.alloc(width * height + chroma, 128);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inside = x >= box[0] * width && x < box[2] * width && y >= box[1] * height && y < box[3] * height;
      bytes[y * width + x] = inside ? white : black;
    }
  }
  return frameOf(bytes, { ...size, format });
}

/** A JPEG's brightness, and its size. */
async function lumaOf(t: Test, jpeg: Uint8Array) {
  const path = join(t.testdir(), 'shot.jpg');
  await writeFile(path, jpeg);
  const source = parseSource(path);
  if (source.kind !== 'ffmpeg') throw new TypeError('no file');
  await using opened = new FfmpegSource(source);
  await opened.open();
  const frame = (await opened.next())?.frame;
  if (frame === undefined) throw new TypeError('no picture');
  const { width, height } = frame;
  const stride = frame.linesize[0] ?? 0;
  const plane = Buffer.from(frame.data?.[0] ?? []);
  // What pads a row to its stride is nobody's: it holds what was in memory before.
  const rows = Array.from({ length: height }, (_, y) => plane.subarray(y * stride, y * stride + width));
  return { width, height, data: Buffer.concat(rows) };
}

/** Width, height and brightness of a JPEG's middle and corner. */
async function look(t: Test, jpeg: Uint8Array) {
  const { width, height, data } = await lumaOf(t, jpeg);
  return { width, height, middle: data[(height >> 1) * width + (width >> 1)], corner: data[0] };
}

for (const [name, format] of Object.entries({ '4:2:0': AV_PIX_FMT_YUV420P, '4:2:2': AV_PIX_FMT_YUV422P } as const)) {
  t.test(`the object with a margin around it, in a JPEG’s full range of brightness (${name})`, async (t) => {
    const box: Box = [0.5, 0.25, 0.75, 0.75]; // 80 x 120 pixels at 160, 60
    using frame = picture(box, format);
    const shot = await look(t, new SnapshotEncoder({ quality: 90, maxSize: 640 }).encode(frame, { box }));
    t.match(shot, { width: 120, height: 180 }, 'a quarter of the box more on each side');
    t.ok((shot.middle ?? 0) >= 250, `white is white: ${shot.middle}`);
    t.ok((shot.corner ?? 255) <= 5, `black is black: ${shot.corner}`);
  });
}

t.test('a full one has the picture’s own size, whatever snapshots have', async (t) => {
  using frame = picture([0, 0, 1, 1], AV_PIX_FMT_YUV420P);
  const jpeg = new SnapshotEncoder({ quality: 10, maxSize: 32 }).encode(frame, {
    box: [0, 0, 1, 1],
    options: fullPicture,
  });
  t.match(await look(t, jpeg), size);
  t.strictSame(jpegSize(jpeg), size, 'as its own header says');
});

t.test('what is no JPEG has no size', async (t) => {
  for (const bytes of [[], [0xff, 0xd8], [0xff, 0xd8, 0xff, 0xd9], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]) {
    t.equal(jpegSize(Uint8Array.from(bytes)), undefined);
  }
});

t.test('no side is longer than asked for', async (t) => {
  const box: Box = [0, 0, 1, 1];
  using frame = picture(box, AV_PIX_FMT_YUV420P);
  t.match(await look(t, new SnapshotEncoder({ quality: 50, maxSize: 100 }).encode(frame, { box })), {
    width: 100,
    height: 74,
  });
});

t.test('boxes at and beyond the edges stay inside the picture', async (t) => {
  using frame = picture([0, 0, 1, 1], AV_PIX_FMT_YUV420P);
  const encoder = new SnapshotEncoder({ quality: 80, maxSize: 640 });
  for (const box of [
    [0.9, 0.9, 1, 1],
    [0, 0, 0.001, 0.001],
    [1, 1, 1, 1],
    [1.5, -0.5, 2, -0.2],
  ] as Box[]) {
    const { width, height, middle } = await look(t, encoder.encode(frame, { box }));
    t.ok(width <= size.width && height <= size.height && (middle ?? 0) >= 250, `${box}: ${width}x${height}`);
  }
});

t.test('pictures whose format we can’t cut are made one that we can', async (t) => {
  using frame = frameOf(Buffer.alloc(size.width * size.height * 4, 255), {
    ...size,
    format: AV_PIX_FMT_RGBA,
  });
  const shot = await look(
    t,
    new SnapshotEncoder({ quality: 80, maxSize: 640 }).encode(frame, { box: [0.25, 0.25, 0.75, 0.75] }),
  );
  t.ok((shot.middle ?? 0) >= 250, `${shot.middle}`);
});

t.test('no more bytes than asked for, and no fewer pixels than that takes', async (t) => {
  const noise = Buffer.alloc(size.width * size.height * 1.5, 128);
  for (let i = 0, seed = 1; i < noise.length; i++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    noise[i] = seed >> 16;
  }
  using frame = frameOf(noise, { ...size, format: AV_PIX_FMT_YUV420P });
  const box: Box = [0, 0, 1, 1];
  const large = new SnapshotEncoder({ quality: 90, maxSize: 640 }).encode(frame, { box });
  const small = new SnapshotEncoder({ quality: 90, maxSize: 640, maxBytes: 20_000 }).encode(frame, { box });
  t.ok(large.length > 40_000, `${large.length} bytes`);
  t.ok(small.length <= 20_000 && small.length > 8000, `${small.length} bytes`);
  const least = new SnapshotEncoder({ quality: 100, maxSize: 640, maxBytes: 1 }).encode(frame, { box });
  t.match(jpegSize(least), { width: 32, height: 24 }, 'what can’t be had ends, too');
});

t.test('the object is outlined where that is asked for, the whole picture never', async (t) => {
  const box: Box = [0.5, 0.25, 0.75, 0.75];
  using frame = picture([0, 0, 0, 0], AV_PIX_FMT_YUV420P);
  const encoder = new SnapshotEncoder({ quality: 95, maxSize: 640, drawBox: true });
  const shot = encoder.encode(frame, { box });
  const { data, width } = await lumaOf(t, shot);
  const at = (x: number, y: number) => data[y * width + x] ?? 0;
  // 120 x 180 pixels, the object 80 x 120 of them.
  for (const [x, y] of [
    [20, 30],
    [60, 31],
    [99, 90],
    [21, 149],
  ] as const)
    t.ok(at(x, y) > 180, `line at ${x}, ${y}`);
  for (const [x, y] of [
    [10, 10],
    [60, 90],
    [110, 90],
  ] as const)
    t.ok(at(x, y) < 40, `no line at ${x}, ${y}`);
  const whole = await lumaOf(t, encoder.encode(frame, { box: [0, 0, 1, 1] }));
  t.ok(
    whole.data.every((value) => value < 40),
    'a picture as a whole has no outline',
  );
});
