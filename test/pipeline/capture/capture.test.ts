import { EventEmitter, once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { Capture, type CaptureListener, type Frame } from '../../../src/pipeline/capture/capture.js';
import type { WorkerThread } from '../../../src/pipeline/capture/capture-worker.js';
import {
  type CaptureOptions,
  type FromCaptureThread,
  noCounters,
  type ToCaptureThread,
} from '../../../src/pipeline/capture/messages.js';
import { makeClip } from '../../support/clip.js';
import { cameraSettings } from '../../support/settings.js';
import { SimulatedTime } from '../../support/simulated-time.js';
import { until } from '../../support/until.js';

const defaults = { fill: 114, multipleOf: 32, resize: 'fit' as const, snapshot: { quality: 80, maxSize: 640 } };
const motion = { gate: false, threshold: 8, refreshSeconds: 2 };
const settings = cameraSettings({ fps: 10, pace: 'max', motion });

/** Runs a capture to its end; `onFrame` may look at each frame, and may release it. */
async function play(
  options: Partial<CaptureOptions> & Pick<CaptureOptions, 'settings'>,
  onFrame: (frame: Frame) => void = () => {},
) {
  const seen = { frames: 0, rewinds: 0, error: undefined as Error | undefined };
  const done = new EventEmitter();
  const capture = new Capture(
    { ...defaults, ...options },
    {
      frame: (frame) => {
        seen.frames += 1;
        onFrame(frame);
        if (frame.tensor.bytes.byteLength > 0) void frame.release();
      },
      rewound: () => {
        seen.rewinds += 1;
        if (seen.rewinds === 2) done.emit('end');
      },
      changed: ({ state, error }) => {
        seen.error = error;
        if (state === 'ended' || error !== undefined) done.emit('end');
      },
      hung: (error) => {
        throw error;
      },
    },
  );
  const ended = once(done, 'end');
  capture.start();
  await ended;
  await capture.stop();
  return { ...seen, counters: capture.counters };
}

t.test('a file at full speed gives every picture, also to a slow reader', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  await makeClip(source, { width: 96, height: 64, frames: 40, fps: 25 });
  const times: number[] = [];
  const result = await play({ settings: { ...settings, source } }, (frame) => {
    times.push(frame.monotonicMs);
    for (const until = performance.now() + 3; performance.now() < until; ); // the network takes its time
  });
  t.equal(result.frames, 40);
  t.ok(Math.abs((times.at(-1) ?? 0) - (times[0] ?? 0) - 39 * 40) < 1, 'times are those of the clip');
  t.match(result.counters, { decoded: 40, skipped: 0, decodeErrors: 0 });
});

t.test('the tensor is the picture at the top left, and grey below', async (t) => {
  const source = join(t.testdir(), 'bright.mp4');
  await makeClip(source, { width: 192, height: 96, frames: 3, fps: 10, luma: (x) => (x < 96 ? 16 : 235) });
  await play({ settings: { ...settings, source }, input: { width: 64, height: 64 } }, (frame) => {
    const { bytes, fitted } = frame.tensor;
    t.strictSame(fitted, { width: 64, height: 32 });
    const pixel = (x: number, y: number) => [...bytes.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3)];
    t.ok(Math.max(...pixel(5, 16)) < 12, `black is ${pixel(5, 16)}`);
    t.ok(Math.min(...pixel(60, 16)) > 243, `white is ${pixel(60, 16)}`);
    t.strictSame(pixel(5, 40), [114, 114, 114]);
    t.strictSame(pixel(63, 63), [114, 114, 114]);
  });
});

t.test('a clip at its own rate is thinned to the rate that was asked for, and takes its time', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  await makeClip(source, { width: 96, height: 64, frames: 25, fps: 25 });
  const startedAt = performance.now();
  const { frames } = await play({ settings: { ...settings, source, pace: 'realtime', fps: 5 } });
  t.equal(frames, 5);
  t.ok(performance.now() - startedAt > 700, 'the last picture is due after 0.8 s');
});

t.test('a loop starts over and says so; time goes on', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  await makeClip(source, { width: 96, height: 64, frames: 10, fps: 25 });
  const times: number[] = [];
  const { rewinds } = await play({ settings: { ...settings, source, loop: true } }, (frame) =>
    times.push(frame.monotonicMs),
  );
  t.equal(rewinds, 2);
  const steps = times.slice(1, 20).map((time, i) => Math.round(time - (times[i] ?? 0)));
  t.ok(
    steps.every((step) => step === 40),
    `steps of ${steps}`,
  );
});

t.test('snapshots are cut out of the picture whose buffer comes back', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  await makeClip(source, { width: 192, height: 96, frames: 3, fps: 10 });
  let released: Promise<Uint8Array[]> | undefined;
  await play({ settings: { ...settings, source } }, (frame) => {
    released ??= frame.release([{ box: [0.25, 0.25, 0.5, 0.75] }, { box: [0, 0, 1, 1] }]);
  });
  const snapshots = await released;
  t.equal(snapshots?.length, 2);
  for (const jpeg of snapshots ?? []) t.strictSame([...jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff], 'a JPEG');
});

t.test('what moves beside the region does not keep the network awake', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  const luma = (x: number, _: number, frame: number) => (x < 80 ? 60 + ((frame * 40) % 180) : 100);
  await makeClip(source, { width: 192, height: 96, frames: 20, fps: 10, luma });
  const gated = { ...settings, source, motion: { ...motion, gate: true } };
  const stillOf = async (region?: Box) => {
    let still = 0;
    await play({ settings: { ...gated, region } }, (frame) => {
      if (frame.still) still += 1;
      void frame.release([], true);
    });
    return still;
  };
  t.equal(await stillOf(), 0);
  t.ok((await stillOf([0.5, 0, 1, 1])) > 10);
});

t.test('another thread counts on where the one before it ended', async (t) => {
  const source = join(t.testdir(), 'a.mp4');
  await makeClip(source, { width: 96, height: 64, frames: 10, fps: 25 });
  const ended = new EventEmitter();
  const capture = new Capture(
    { ...defaults, settings: { ...settings, source } },
    {
      frame: (frame) => void frame.release([{ box: [Number.NaN, 0, 1, 1] }]),
      rewound: () => {},
      changed: ({ state }) => state === 'ended' && ended.emit('end'),
      hung: () => {},
    },
  );
  t.teardown(() => capture.stop());
  capture.start();
  for (let times = 1; times <= 3; times += 1) {
    await once(ended, 'end');
    await until(() => capture.counters.snapshotErrors >= 10 * times); // it tells them when it has ended
    if (times === 2) await new Promise((resolve) => setTimeout(resolve, 300)); // its thread has gone, or it hasn't
    t.match(capture.counters, { decoded: 10 * times, snapshotErrors: 10 * times });
    capture.restart();
  }
});

t.test('a bad source fails with its reason', async (t) => {
  const source = join(t.testdir({ 'text.mp4': 'no video' }), 'text.mp4');
  const { error, frames } = await play({ settings: { ...settings, source } });
  t.match(error, { code: 'ERR_SOURCE_OPEN', exit: 'source' });
  t.equal(frames, 0);
});

t.test('rpicam-vid’s pictures are cut exactly, and its end is told', async (t) => {
  // A stand-in at the outermost edge: a program that writes two and a half pictures to stdout, as a crash would.
  const dir = t.testdir({});
  const bytes = (1280 * 720 * 3) / 2;
  const program = join(dir, 'rpicam-vid');
  writeFileSync(
    program,
    `#!/bin/sh\nhead -c ${bytes} /dev/zero\nsleep 0.3\nhead -c ${bytes * 1.5} /dev/zero\necho 'ERROR: device timeout' >&2\n`,
  );
  chmodSync(program, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${dir}:${path}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  const { error, frames } = await play({ settings: { ...settings, source: 'libcamera:0', fps: 120 } });
  t.ok(frames >= 1 && frames <= 2, `${frames} frames`);
  t.match(error, { code: 'ERR_SOURCE_READ', message: /within a picture: ERROR: device timeout/ });
});

/** A thread that does nothing: it remembers what it was told. */
class IdleThread extends EventEmitter implements WorkerThread {
  readonly told: ToCaptureThread[] = [];

  postMessage(message: ToCaptureThread): void {
    this.told.push(message);
  }

  say(message: FromCaptureThread): void {
    this.emit('message', message);
  }

  unref(): void {}

  /** Attempts that were begun and not told to end. */
  get open(): number[] {
    const of = (kind: 'open' | 'close') => this.told.flatMap((one) => (one.kind === kind ? [one.generation] : []));
    return of('open').filter((generation) => !of('close').includes(generation));
  }
}

function idle(
  startThread: () => IdleThread,
  time: SimulatedTime,
  { hung = () => {}, frame = () => {} }: Partial<CaptureListener> = {},
): Capture {
  return new Capture(
    { ...defaults, settings: { ...settings, source: 'rtsp://camera.invalid/1' } },
    { frame, rewound: () => {}, changed: () => {}, hung },
    { startThread, random: () => 0, now: time.now },
  );
}

const picture = { width: 64, height: 64 };

/** A thread says that it has made a frame. */
function giveFrame(thread: IdleThread, number: number, generation: number): void {
  const tensor = { bytes: new Uint8Array(64 * 64 * 3), input: picture, fitted: picture };
  const frame = { number, inputs: 0, still: false, tensor, picture, monotonicMs: 0, utcMs: 0, takenMs: 0, sentMs: 0 };
  thread.say({ kind: 'frame', generation, frame, counters: noCounters() });
}

/** The same, once it has opened its source. */
function openWithFrame(thread: IdleThread | undefined): void {
  const [generation = 0] = thread?.open ?? [];
  thread?.say({ kind: 'opened', generation, facts: { ...picture, fps: 10, by: 'a test' } });
  if (thread !== undefined) giveFrame(thread, 1, generation);
}

const whole = [{ box: [0, 0, 1, 1] as Box }];

t.test('a frame goes back to the thread that made it, and to no other', async (t) => {
  using time = new SimulatedTime();
  const threads: IdleThread[] = [];
  const frames: Frame[] = [];
  const start = () => {
    const thread = new IdleThread();
    threads.push(thread);
    return thread;
  };
  const capture = idle(start, time, { frame: (frame) => frames.push(frame) });
  capture.start();
  openWithFrame(threads[0]);
  threads[0]?.emit('error', new Error('crashed'));
  threads[0]?.emit('exit');
  await time.pass(5000, 250);
  openWithFrame(threads[1]);
  t.equal(frames.length, 2);
  t.strictSame(await frames[0]?.release(whole), [], 'its picture is gone with its thread');
  t.equal(capture.counters.snapshotErrors, 1);
  void frames[1]?.release();
  const released = threads.map(({ told }) => told.filter(({ kind }) => kind === 'release').length);
  t.strictSame(released, [0, 1]);
  const stopped = capture.stop();
  await time.pass(2000, 250);
  await stopped;
});

t.test(
  'JPEGs that do not come in time are counted and waited for no longer; what comes later is ignored',
  async (t) => {
    using time = new SimulatedTime();
    const thread = new IdleThread();
    let released: Promise<Uint8Array[]> | undefined;
    const capture = idle(() => thread, time, {
      frame: (frame) => {
        released = frame.release(whole);
      },
    });
    capture.start();
    openWithFrame(thread);
    await time.pass(6000, 250);
    t.strictSame(await released, []);
    thread.say({ kind: 'snapshots', number: 1, jpegs: [Buffer.of(1)] });
    t.equal(capture.counters.snapshotErrors, 1);
    const stopped = capture.stop();
    await time.pass(2000, 250);
    await stopped;
  },
);

t.test('a frame of an attempt that was closed goes back by itself', async (t) => {
  using time = new SimulatedTime();
  const thread = new IdleThread();
  const capture = idle(() => thread, time, { frame: () => t.fail('nobody is to have it') });
  capture.start();
  const [generation = 0] = thread.open;
  capture.restart();
  giveFrame(thread, 7, generation);
  t.match(thread.told.at(-1), { kind: 'release', number: 7 });
  const stopped = capture.stop();
  await time.pass(2000, 250);
  await stopped;
});

t.test('a thread that nobody could listen to is not stuck; one that says nothing is', async (t) => {
  using time = new SimulatedTime();
  const thread = new IdleThread();
  const hung: number[] = [];
  const capture = idle(() => thread, time, { hung: () => hung.push(time.now()) });
  capture.start();
  time.sleep(300_000); // the thread that listens stood still
  await time.pass(2000, 250);
  thread.say({ kind: 'alive', counters: noCounters() });
  await time.pass(2000, 250);
  t.strictSame(hung, []);
  await time.pass(70_000, 250);
  t.equal(hung[0], 362_000, '60 s after it last said that it lives');
});

t.test('a restart while old attempts hang begins one attempt, not two', async (t) => {
  using time = new SimulatedTime();
  const thread = new IdleThread();
  const capture = idle(() => thread, time);
  capture.start();
  await time.pass(45_000, 250); // three attempts without a picture, none of which can be ended
  t.strictSame(thread.open, []);
  const [first] = thread.told.flatMap((one) => (one.kind === 'close' ? [one.generation] : []));
  capture.restart();
  thread.say({ kind: 'closed', generation: first ?? 0 });
  await time.pass(1000, 250);
  t.equal(thread.open.length, 1, `attempts ${thread.open} are open`);
});
