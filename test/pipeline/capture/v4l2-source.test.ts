// No /dev/video* can be made here. What stands in is the source that FFmpeg opens with one format: it answers as its
// V4L2 demuxer does for a driver with these modes (another size or rate is told, another format is refused).
import t from 'tap';
import { SourceError } from '../../../src/contract/errors.js';
import type { PictureSource, SourceFacts } from '../../../src/pipeline/capture/picture-source.js';
import { parseSource, type SourceOptions } from '../../../src/pipeline/capture/source.js';
import { V4l2Source } from '../../../src/pipeline/capture/v4l2-source.js';

/** Sizes and their rates, by FFmpeg's name of the format. */
type Modes = Record<string, [width: number, height: number, fps: number][]>;

/** A Logitech C920 as its driver lists it, shortened. */
const c920: Modes = {
  yuyv422: [
    [640, 480, 30],
    [1280, 720, 10],
    [1920, 1080, 5],
  ],
  mjpeg: [
    [640, 480, 30],
    [1280, 720, 30],
    [1920, 1080, 30],
  ],
};

class Device implements PictureSource {
  readonly decodeErrors = 3;
  readonly clockJumps = 0;
  interrupted = 0;
  closed = false;

  constructor(
    private readonly modes: Modes,
    private readonly options: Record<string, string>,
  ) {}

  async open(): Promise<SourceFacts> {
    const { input_format: format = Object.keys(this.modes)[0] ?? '', video_size: size = '', framerate } = this.options;
    const modes = this.modes[format];
    if (modes === undefined) throw new SourceError('ERR_SOURCE_FORMAT', 'source', 'has no such format');
    const [width = 0, height = 0] = size.split('x').map(Number);
    const far = (mode: Modes[string][number]) => Math.abs(mode[0] * mode[1] - width * height);
    const [nearest] = modes.toSorted((a, b) => far(a) - far(b));
    if (nearest === undefined) throw new SourceError('ERR_SOURCE_FORMAT', 'source', 'has no size');
    const fps = Math.min(nearest[2], Number(framerate));
    return { width: nearest[0], height: nearest[1], fps, by: `v4l2/${format === 'yuyv422' ? 'rawvideo' : format}` };
  }

  async next() {
    return undefined;
  }

  interrupt(): void {
    this.interrupted += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

function camera(modes: Modes, options: SourceOptions) {
  const source = parseSource('v4l2:/dev/v4l/by-id/usb-C920-video-index0', options);
  if (source.kind !== 'v4l2') throw new TypeError('no V4L2');
  const devices: Device[] = [];
  const asked: Record<string, string>[] = [];
  const opened = new V4l2Source(source, (options) => {
    asked.push(options);
    const device = new Device(modes, options);
    devices.push(device);
    return device;
  });
  return { opened, asked, devices };
}

t.test('the cheapest format that has the size and the rate', async (t) => {
  const cases: [SourceOptions, SourceFacts][] = [
    [{ size: [640, 480] }, { width: 640, height: 480, fps: 30, by: 'v4l2/rawvideo, yuyv' }],
    [{}, { width: 1280, height: 720, fps: 30, by: 'v4l2/mjpeg, mjpeg' }],
    [
      { size: [1280, 720], captureFps: 10 },
      { width: 1280, height: 720, fps: 10, by: 'v4l2/mjpeg, mjpeg' },
    ],
    [
      { size: [640, 480], v4l2: { format: 'mjpeg' } },
      { width: 640, height: 480, fps: 30, by: 'v4l2/mjpeg, mjpeg' },
    ],
  ];
  for (const [options, facts] of cases) {
    const { opened, devices } = camera(c920, options);
    t.strictSame(await opened.open(), facts, JSON.stringify(options));
    t.strictSame(
      devices.map(({ closed }) => closed),
      devices.map((device) => device !== devices.at(-1)),
      'every other attempt was closed: the device takes one',
    );
    await opened[Symbol.asyncDispose]();
    t.ok(devices.at(-1)?.closed);
  }
});

t.test('the nearest is taken where there is none, and said', async (t) => {
  const cases: [Modes, SourceOptions, Partial<SourceFacts>, RegExp][] = [
    [c920, { size: [1600, 1200] }, { width: 1920, by: 'v4l2/mjpeg, mjpeg' }, /^asked for 1600x1200 at 30 fps/],
    [c920, { captureFps: 60 }, { width: 1280, fps: 30 }, /^asked for 1280x720 at 60 fps, this is the nearest/],
    [
      c920,
      { v4l2: { format: 'yuyv' } },
      { width: 1280, fps: 10, by: 'v4l2/rawvideo, yuyv' },
      /at 30 fps, this is the nearest/,
    ],
    // The rate is given up before the size.
    [{ yuyv422: [[1280, 720, 5]], h264: [[640, 360, 30]] }, {}, { width: 1280, fps: 5 }, /nearest/],
    [{ h264: [[1920, 1080, 30]] }, {}, { width: 1920, by: 'v4l2/h264, h264' }, /nearest/],
  ];
  for (const [modes, options, facts, note] of cases) {
    const { opened } = camera(modes, options);
    const { notes, ...found } = await opened.open();
    t.match(found, facts);
    t.match(notes, [note]);
  }
});

t.test('a camera with none of our formats is opened with its own', async (t) => {
  const { opened, asked } = camera({ nv12: [[1280, 720, 30]] }, {});
  t.match(await opened.open(), { by: 'v4l2/nv12' });
  t.strictSame(
    asked.map(({ input_format: format }) => format),
    ['mjpeg', 'h264', 'yuyv422', undefined],
  );
});

t.test('a format that was asked for and is not there is an error, and another fault is told at once', async (t) => {
  const { opened } = camera(c920, { v4l2: { format: 'h264' } });
  await t.rejects(opened.open(), {
    code: 'ERR_SOURCE_FORMAT',
    message: /by-id.* none of the formats h264.*minspnet cameras/,
  });
  const source = parseSource('v4l2:/dev/video-nowhere');
  if (source.kind !== 'v4l2') throw new TypeError('no V4L2');
  await t.rejects(new V4l2Source(source).open(), { code: 'ERR_SOURCE_MISSING', exit: 'input' }, 'FFmpeg itself');
});

t.test('pictures, errors and interruptions are those of the device', async (t) => {
  const { opened, devices } = camera(c920, {});
  t.equal(opened.decodeErrors, 0);
  await opened.open();
  t.equal(await opened.next(), undefined);
  t.equal(opened.decodeErrors, 3);
  opened.interrupt();
  t.equal(devices.at(-1)?.interrupted, 1);
  const early = camera(c920, {});
  early.opened.interrupt();
  await early.opened.open();
  t.ok(
    early.devices.every(({ interrupted }) => interrupted === 1),
    'also one that comes before the opening',
  );
});
