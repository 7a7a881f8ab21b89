import {
  AV_PIX_FMT_CUDA,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_RGBA,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUYV422,
} from 'node-av/constants';
import { Frame } from 'node-av/lib';
import t from 'tap';
import type { PixelFormat } from '../../../src/pipeline/capture/scaling.js';
import { TensorScaler } from '../../../src/pipeline/capture/tensor-scaler.js';
import { frameOf } from '../../support/frame-of.js';

const input = { width: 64, height: 64 };
const grey = 114;

/** A picture of one colour: for each plane a pattern of bytes, repeated up to a length. */
function plain(width: number, height: number, format: PixelFormat, ...runs: [number[], number][]): Frame {
  const bytes = Buffer.concat(runs.map(([pattern, length]) => Buffer.alloc(length, Buffer.from(pattern))));
  return frameOf(bytes, { width, height, format });
}

/** The pixel in the middle of what the picture covers, and the one below its lower edge. */
function pixels(bytes: Uint8Array, fitted: { width: number; height: number }) {
  const at = (x: number, y: number) => [...bytes.subarray((y * input.width + x) * 3, (y * input.width + x) * 3 + 3)];
  return { middle: at(fitted.width >> 1, fitted.height >> 1), below: at(0, fitted.height) };
}

t.test('a picture lies at the top left, as RGB, and grey below it, whatever its format', (t) => {
  const area = 128 * 64;
  const orange = { yuv: [128, 59, 201], rgb: [247, 98, 0] };
  const [y = 0, u = 0, v = 0] = orange.yuv;
  const pictures = {
    yuv420p: plain(128, 64, AV_PIX_FMT_YUV420P, [[y], area], [[u], area / 4], [[v], area / 4]),
    yuyv422: plain(128, 64, AV_PIX_FMT_YUYV422, [[y, u, y, v], area * 2]),
    rgb24: plain(128, 64, AV_PIX_FMT_RGB24, [orange.rgb, area * 3]),
  };
  for (const [format, picture] of Object.entries(pictures)) {
    using frame = picture;
    using scaler = new TensorScaler(input, grey);
    const tensor = new Uint8Array(input.width * input.height * 3).fill(grey);
    const fitted = scaler.scale(frame, tensor);
    t.strictSame(fitted, { width: 64, height: 32 }, format);
    const { middle, below } = pixels(tensor, fitted);
    const error = Math.max(...middle.map((value, i) => Math.abs(value - (orange.rgb[i] ?? 0))));
    t.ok(error <= 4, `${format}: ${middle}`);
    t.strictSame(below, [grey, grey, grey], format);
  }
  t.end();
});

t.test('a region of a picture fills the tensor, whatever the format', (t) => {
  const [left, right] = [Buffer.alloc(64 * 3, 40), Buffer.alloc(64 * 3, 200)];
  const rgb = Buffer.concat(Array.from({ length: 64 }, () => Buffer.concat([left, right])));
  const rgba = Buffer.alloc(128 * 64 * 4);
  for (let i = 0; i < 128 * 64; i += 1) rgba.fill(i % 128 < 64 ? 40 : 200, i * 4, i * 4 + 4);
  const pictures = {
    'planes that we can cut': frameOf(rgb, { width: 128, height: 64, format: AV_PIX_FMT_RGB24 }),
    'planes that we can’t': frameOf(rgba, { width: 128, height: 64, format: AV_PIX_FMT_RGBA }),
  };
  for (const [name, picture] of Object.entries(pictures)) {
    using frame = picture;
    using scaler = new TensorScaler(input, grey, 'fit', [0.5, 0, 1, 1]);
    const tensor = new Uint8Array(input.width * input.height * 3).fill(grey);
    t.strictSame(scaler.scale(frame, tensor), { width: 64, height: 64 }, name);
    t.ok(
      tensor.every((value) => Math.abs(value - 200) <= 2),
      `${name}: nothing of the left half`,
    );
  }
  t.end();
});

t.test('a picture that covers less than the one before leaves nothing of it', (t) => {
  using scaler = new TensorScaler(input, grey);
  const tensor = new Uint8Array(input.width * input.height * 3).fill(grey);
  using square = plain(64, 64, AV_PIX_FMT_RGB24, [[255, 0, 0], 64 * 64 * 3]);
  using wide = plain(128, 32, AV_PIX_FMT_RGB24, [[0, 0, 255], 128 * 32 * 3]);
  scaler.scale(square, tensor);
  const fitted = scaler.scale(wide, tensor);
  t.strictSame(fitted, { width: 64, height: 16 });
  t.strictSame(pixels(tensor, fitted), { middle: [0, 0, 255], below: [grey, grey, grey] });
  t.end();
});

t.test('a picture that can’t be scaled is refused, each time', (t) => {
  using scaler = new TensorScaler(input, grey);
  const tensor = new Uint8Array(input.width * input.height * 3).fill(grey);
  using unreadable = new Frame();
  unreadable.alloc();
  Object.assign(unreadable, { width: 128, height: 64, format: AV_PIX_FMT_CUDA });
  for (const time of ['the first', 'the second'])
    t.throws(() => scaler.scale(unreadable, tensor), { code: 'ERR_SOURCE_FORMAT' }, time);
  using readable = plain(128, 64, AV_PIX_FMT_RGB24, [[0, 0, 255], 128 * 64 * 3]);
  t.strictSame(scaler.scale(readable, tensor), { width: 64, height: 32 });
  t.end();
});
