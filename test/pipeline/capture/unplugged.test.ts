// v4l2loopback is a module of the kernel, which containers can't load. So what stands in for /dev/video0 is the reader
// that node-av offers: it gives the packets of a clip, and the error codes of the kernel where the camera is unplugged.
// All above it is real: the source, its decoder, the thread's code and the state machine.
import { constants } from 'node:os';
import { join } from 'node:path';
import { AVERROR_EAGAIN } from 'node-av/constants';
import { FormatContext, type Packet } from 'node-av/lib';
import t from 'tap';
import { Capture, type CaptureChange } from '../../../src/pipeline/capture/capture.js';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { V4l2Source } from '../../../src/pipeline/capture/v4l2-source.js';
import { monotonicMs } from '../../../src/timing/monotonic.js';
import { InlineThread } from '../../support/capture-day/inline-thread.js';
import { makeClip } from '../../support/clip.js';
import { cameraSettings } from '../../support/settings.js';
import { until } from '../../support/until.js';

const { ENODEV, ENOENT } = constants.errno;
const device = '/dev/v4l/by-id/usb-camera-video-index0';
const periodMs = 20;

/** The socket of a camera. */
class Socket {
  isPlugged = true;
  /** Readers that are open, and how often one was opened. */
  open = 0;
  opened = 0;
}

class Reader extends FormatContext {
  #dueAt = 0;

  constructor(
    private readonly socket: Socket,
    private readonly clip: string,
  ) {
    super();
  }

  override async openInput(): Promise<number> {
    if (!this.socket.isPlugged) return -ENOENT;
    this.socket.open += 1;
    this.socket.opened += 1;
    return await super.openInput(this.clip, null, null);
  }

  override readFrameSync(packet: Packet): number {
    if (!this.socket.isPlugged) return -ENODEV;
    if (performance.now() < this.#dueAt) return AVERROR_EAGAIN;
    this.#dueAt = performance.now() + periodMs;
    return super.readFrameSync(packet);
  }

  override async closeInput(): Promise<void> {
    if (this.#dueAt > 0) this.socket.open -= 1;
    await super.closeInput();
  }
}

t.test('a USB camera is pulled out and put in again', async (t) => {
  const clip = join(t.testdir(), 'clip.mp4');
  await makeClip(clip, { width: 64, height: 48, frames: 2000, fps: 50 });
  const socket = new Socket();
  const source = { kind: 'v4l2', device, format: 'h264', live: true, decoder: 'software' } as const;
  const size = { width: 64, height: 48 };
  const createSource = () =>
    new V4l2Source({ ...source, size, fps: 50 }, (options) => {
      const described = { kind: 'ffmpeg', url: device, format: 'v4l2', live: true, decoder: 'software' } as const;
      return new FfmpegSource({ ...described, options }, new Reader(socket, clip));
    });
  const settings = cameraSettings({ source: `v4l2:${device}` });
  const recovery = { ...settings.recovery, retrySeconds: 0.02, maxRetrySeconds: 0.1 };
  const data = { fill: 114, multipleOf: 32, resize: 'fit' as const, input: { width: 32, height: 32 } };
  const changes: CaptureChange[] = [];
  let frames = 0;
  const capture = new Capture(
    { ...data, settings: { ...settings, recovery }, snapshot: { quality: 80, maxSize: 64 } },
    {
      changed: (change) => changes.push(change),
      frame: (frame) => {
        frames += 1;
        void frame.release();
      },
      rewound: () => {},
      hung: (error) => t.fail(error.message),
    },
    {
      startThread: (options) => new InlineThread(options, { createSource, now: monotonicMs }),
      random: Math.random,
      now: monotonicMs,
    },
  );
  capture.start();
  t.teardown(() => capture.stop());
  for (let i = 1; i <= 10; i += 1) {
    const seen = frames;
    await until(() => capture.state === 'live' && frames > seen);
    socket.isPlugged = false;
    const told = changes.length;
    await until(() => changes.slice(told).filter(({ state }) => state === 'reconnecting').length >= 3);
    t.ok(
      changes.slice(told).every(({ state, error }) => state === 'reconnecting' && error?.code === 'ERR_SOURCE_MISSING'),
      `pulled out ${i} times: ${changes.at(-1)?.reason}`,
    );
    socket.isPlugged = true;
  }
  const seen = frames;
  await until(() => capture.state === 'live' && frames > seen);
  t.match(capture.losses, { reconnects: 10, stalls: 0 });
  t.equal(socket.opened, 11, 'opened once each time that it was there');
  await capture.stop();
  t.equal(socket.open, 0, 'no reader is left');
});
