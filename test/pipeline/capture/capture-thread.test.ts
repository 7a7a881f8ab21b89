import { EventEmitter } from 'node:events';
import { AV_PIX_FMT_CUDA, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import t from 'tap';
import type { CameraSettings } from '../../../src/config/schema.js';
import type { Box } from '../../../src/contract/geometry.js';
import { CaptureThread } from '../../../src/pipeline/capture/capture-thread.js';
import type { FromCaptureThread, ToCaptureThread } from '../../../src/pipeline/capture/messages.js';
import type { PictureSource } from '../../../src/pipeline/capture/picture-source.js';
import { monotonicMs } from '../../../src/timing/monotonic.js';
import { frameOf } from '../../support/frame-of.js';
import { cameraSettings } from '../../support/settings.js';
import { until } from '../../support/until.js';

const size = { width: 64, height: 64 };

/** A picture in memory of a graphics card, which nobody here can read. */
function unreadable(): Frame {
  const frame = new Frame();
  frame.alloc();
  return Object.assign(frame, { ...size, format: AV_PIX_FMT_CUDA });
}

function readable(): Frame {
  const bytes = Buffer.alloc((size.width * size.height * 3) / 2, 100);
  return frameOf(bytes, { ...size, format: AV_PIX_FMT_YUV420P });
}

/** Sources of these pictures, one each. */
function sourcesOf(pictures: Frame[]) {
  return (): PictureSource => {
    let left = pictures.splice(0, 1);
    return {
      decodeErrors: 0,
      clockJumps: 0,
      open: async () => ({ ...size, fps: 10, by: 'a test' }),
      next: async () => {
        const [frame] = left;
        left = [];
        if (frame === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
        return frame && { frame, mediaMs: 0 };
      },
      interrupt: () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  };
}

function startThread(createSource: () => PictureSource, values: Partial<CameraSettings> = {}) {
  const said: FromCaptureThread[] = [];
  const thread = new EventEmitter();
  const port = {
    on: (_: 'message', listener: (...args: never[]) => void) => thread.on('message', listener as () => void),
    postMessage: (message: FromCaptureThread) => said.push(structuredClone(message)),
    close: () => said.push({ kind: 'closed', generation: 0 }),
  };
  const settings = cameraSettings({ source: 'rtsp://camera.invalid/1', ...values });
  const data = {
    settings,
    fill: 114,
    multipleOf: 32,
    resize: 'fit' as const,
    inputs: 0,
    snapshot: { quality: 80, maxSize: 64 },
  };
  new CaptureThread(port, data, { createSource, now: monotonicMs }).start();
  const send = (message: ToCaptureThread) => thread.emit('message', message);
  const stop = async () => {
    send({ kind: 'stop' });
    await until(() => said.some((message) => message.kind === 'closed' && message.generation === 0));
  };
  return { said, send, stop };
}

t.test('a camera whose pictures could not be read for once is not blind afterwards', async (t) => {
  const { said, send, stop } = startThread(sourcesOf([unreadable(), readable()]));
  send({ kind: 'open', generation: 1 });
  await until(() => said.some(({ kind }) => kind === 'closed'));
  t.ok(said.some(({ kind }) => kind === 'failed'));
  send({ kind: 'open', generation: 2 });
  await until(() => said.some((message) => message.kind === 'ended' && message.generation === 2));
  t.equal(said.filter(({ kind }) => kind === 'frame').length, 1);
  await stop();
});

t.test('snapshots that could not be made are counted, each', async (t) => {
  const { said, send, stop } = startThread(sourcesOf([readable()]));
  send({ kind: 'open', generation: 1 });
  await until(() => said.some(({ kind }) => kind === 'frame'));
  const good: Box = [0, 0, 1, 1];
  const impossible: Box = [Number.NaN, 0, 1, 1];
  for (const [number, boxes] of [[1, [good, impossible]] as const, [2, [good]] as const]) {
    send({ kind: 'release', number, bytes: new Uint8Array(), cuts: boxes.map((box) => ({ box })), settled: false });
  }
  t.strictSame(
    said.filter(({ kind }) => kind === 'snapshots'),
    [1, 2].map((number) => ({ kind: 'snapshots', number, jpegs: [] })),
    'of one that can’t be cut, and of a picture that is gone',
  );
  await until(() => said.some(({ kind }) => kind === 'closed'));
  t.match(
    said.findLast(({ kind }) => kind === 'alive'),
    { counters: { snapshotErrors: 3 } },
  );
  await stop();
});

t.test('a source that always has a picture at once lets messages in', { timeout: 10_000 }, async (t) => {
  const frame = readable();
  let pictures = 0;
  const createSource = (): PictureSource => ({
    decodeErrors: 0,
    clockJumps: 0,
    open: async () => ({ ...size, fps: 1e6, by: 'a test' }),
    next: async () => ({ frame, mediaMs: pictures++ / 1000 }),
    interrupt: () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  for (const source of ['file:never-due.mp4', 'rtsp://camera.invalid/1']) {
    const { said, send, stop } = startThread(createSource, { source, fps: 0.001 }); // one is due, and no other ever
    send({ kind: 'open', generation: 1 });
    await until(() => said.some(({ kind }) => kind === 'frame'), 1000);
    const before = performance.now();
    send({ kind: 'close', generation: 1 });
    await until(() => said.some((message) => message.kind === 'closed' && message.generation === 1), 1000);
    t.ok(performance.now() - before < 500, `${source} is closed after ${pictures} pictures`);
    await stop();
  }
});

t.test('another input: what is on its way is told from what follows, whose memory is of the new size', async (t) => {
  const frame = readable();
  let pictures = 0;
  const createSource = (): PictureSource => ({
    decodeErrors: 0,
    clockJumps: 0,
    open: async () => ({ ...size, fps: 100, by: 'a test' }),
    next: async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { frame, mediaMs: 10 * pictures++ };
    },
    interrupt: () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  const { said, send, stop } = startThread(createSource, { fps: 100 });
  const frames = () => said.flatMap((message) => (message.kind === 'frame' ? [message.frame] : []));
  const release = (number: number) => {
    const { bytes } = frames()[number - 1]?.tensor ?? { bytes: new Uint8Array() };
    send({ kind: 'release', number, bytes, cuts: [], settled: true });
  };
  send({ kind: 'open', generation: 1 });
  await until(() => frames().length === 1);
  const input = { width: 32, height: 96 };
  send({ kind: 'input', input: { fill: 0, multipleOf: 32, resize: 'stretch', input }, inputs: 1 });
  release(1);
  await until(() => frames().length === 2);
  release(2);
  await until(() => frames().length === 3);
  t.match(
    frames().map(({ inputs, still, tensor }) => [inputs, still, tensor.input, tensor.bytes.length]),
    [
      [0, false, { width: 256, height: 256 }, 256 * 256 * 3],
      [1, false, input, 32 * 96 * 3],
      [1, false, input, 32 * 96 * 3],
    ],
  );
  send({ kind: 'close', generation: 1 });
  await stop();
});
