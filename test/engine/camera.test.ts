import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import t, { type Test } from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import type { Detection } from '../../src/contract/detection.js';
import { Camera } from '../../src/engine/camera.js';
import { JobQueue } from '../../src/engine/job-queue.js';
import type { FromEngine } from '../../src/engine/protocol.js';
import type { FromCaptureThread } from '../../src/pipeline/capture/messages.js';
import type { PictureSource } from '../../src/pipeline/capture/picture-source.js';
import { monotonicMs } from '../../src/timing/monotonic.js';
import { InlineThread } from '../support/capture-day/inline-thread.js';
import { frameOf } from '../support/frame-of.js';
import { cameraSettings } from '../support/settings.js';
import { until } from '../support/until.js';

const { motion } = cameraSettings();
const size = { width: 64, height: 64 };
const person: Detection = { class: 'person', score: 0.9, box: [0.25, 0.25, 0.75, 0.75] };

interface Scenario {
  /** What the network sees in each picture that it is given, which are counted from 1. */
  see?: (number: number) => Detection[];
  /** Between two pictures, milliseconds. */
  periodMs?: number;
  /** So long the source takes to be closed, milliseconds. */
  closeMs?: number;
}

/** A thread whose JPEGs can be held back. */
class Thread extends InlineThread {
  #held: FromCaptureThread[] | undefined;

  holdJpegs(): void {
    this.#held = [];
  }

  freeJpegs(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.emit('message', message);
  }

  override emit(event: string, ...rest: unknown[]): boolean {
    const [message] = rest as [FromCaptureThread];
    if (event !== 'message' || message.kind !== 'snapshots' || this.#held === undefined) {
      return super.emit(event, ...rest);
    }
    this.#held.push(message);
    return true;
  }
}

/** A camera whose picture never changes, its real thread code on this thread, and a network that sees what it is told. */
function setUp(t: Test, { see = () => [person], periodMs = 20, closeMs = 0 }: Scenario = {}) {
  const sent: FromEngine[] = [];
  const threads: Thread[] = [];
  const state = { open: 0, looks: 0 };
  const createSource = (): PictureSource => {
    const bytes = Buffer.alloc((size.width * size.height * 3) / 2, 100);
    const frame = frameOf(bytes, { ...size, format: AV_PIX_FMT_YUV420P });
    let number = 0;
    return {
      decodeErrors: 0,
      clockJumps: 0,
      open: async () => {
        state.open += 1;
        return { ...size, fps: 1000 / periodMs, by: 'a test' };
      },
      next: async () => {
        await new Promise((resolve) => setTimeout(resolve, periodMs));
        return { frame, mediaMs: number++ * periodMs };
      },
      interrupt: () => {},
      [Symbol.asyncDispose]: async () => {
        await new Promise((resolve) => setTimeout(resolve, closeMs));
        state.open -= 1;
      },
    };
  };
  const queue = new JobQueue((error) => t.fail(String(error)));
  const camera = new Camera({
    name: 'yard',
    runId: 'test',
    settings: cameraSettings({
      source: 'rtsp://camera.invalid/1',
      fps: 100,
      motion: { ...motion, refreshSeconds: 60 },
    }),
    events: settingsSchema.parse({}).events,
    model: { minScore: 0.5 },
    adjustment: {},
    input: { fill: 114, multipleOf: 32, resize: 'fit' },
    detector: {
      inferenceMs: 1,
      detect: async () => {
        state.looks += 1;
        return see(state.looks);
      },
    },
    enqueue: (job) => queue.add('yard', job),
    dropJobs: () => queue.drop('yard'),
    send: (message) => sent.push(message),
    hung: (error) => t.fail(error.message),
    world: {
      startThread: (options) => {
        const thread = new Thread(options, { createSource, now: monotonicMs });
        threads.push(thread);
        return thread;
      },
      random: Math.random,
      now: monotonicMs,
    },
  });
  t.teardown(async () => {
    await queue.stop();
    await camera.stop('stopping');
  });
  camera.start();
  /** What was said of tracks, in order: `snapshot`, or the type of the observation. */
  const told = () =>
    sent.flatMap((message) =>
      message.kind === 'snapshot' ? ['snapshot'] : message.kind === 'observation' ? [message.observation.type] : [],
    );
  return { camera, queue, sent, threads, state, told };
}

t.test('a snapshot is always sent before the event that speaks of it', async (t) => {
  const { told, camera } = setUp(t);
  await until(() => told().includes('new'));
  t.strictSame(told().slice(0, 2), ['snapshot', 'new']);
  t.equal(camera.health().snapshotErrors, 0);
});

t.test('a snapshot that comes after its tracks have ended is used, and the end waits for it', async (t) => {
  const { camera, threads, told } = setUp(t);
  threads[0]?.holdJpegs();
  await until(() => camera.health().tracks === 1);
  camera.restart();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.strictSame(told(), [], 'nothing goes ahead of it');
  threads[0]?.freeJpegs();
  await until(() => told().length >= 3);
  t.strictSame(told().slice(0, 3), ['snapshot', 'new', 'end']);
  t.equal(camera.health().snapshotErrors, 0);
});

t.test('a snapshot that is gone with its thread is counted, and its event goes without', async (t) => {
  const { camera, threads, state, told } = setUp(t);
  threads[0]?.holdJpegs();
  await until(() => camera.health().tracks === 1);
  threads[0]?.crash();
  await until(() => told().includes('new'));
  t.strictSame(told(), ['new']);
  t.equal(camera.health().snapshotErrors, 1);
  const { looks } = state;
  await until(() => threads.length === 2 && state.looks > looks);
  t.equal(camera.health().tracks, 1, 'the next thread goes on with the same track');
});

t.test('its end waits until the source is closed and all is told', async (t) => {
  const { camera, queue, state, sent, told } = setUp(t, { closeMs: 200 });
  await until(() => told().includes('new'));
  await queue.stop();
  await camera.stop('stopping');
  t.equal(state.open, 0);
  const { length } = sent;
  t.strictSame(told().slice(-1), ['end']);
  t.match(
    sent.findLast(({ kind }) => kind === 'observation'),
    { observation: { reason: 'stopping' } },
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(sent.length, length, 'nothing comes after it');
});

t.test('what is not sure yet is looked at again, though nothing moves; afterwards the network rests', async (t) => {
  const { camera, state, told } = setUp(t, { periodMs: 100 });
  await until(() => told().includes('new'), 3000);
  const { looks } = state;
  await until(() => camera.health().still >= 3);
  t.equal(state.looks, looks);
});

t.test('what the network saw while its camera was switched off is told to nobody', async (t) => {
  const { camera, state, told } = setUp(t, {
    see: (number) => {
      if (number === 3) camera.adjust({ detect: false });
      return [person];
    },
  });
  await until(() => state.looks === 3);
  const jpeg = await camera.takePicture(false);
  t.strictSame([...jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff], 'pictures are there nevertheless');
  t.equal(state.looks, 3);
  t.strictSame(told(), []);
  t.match(camera.health(), { tracks: 0, frames: 2 }, 'the third look is left out');
  camera.adjust({ detect: true });
  await until(() => told().includes('new'));
});
