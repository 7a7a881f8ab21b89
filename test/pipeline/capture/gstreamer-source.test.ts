import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { GstreamerSource, gstreamerArguments, splitPipeline } from '../../../src/pipeline/capture/gstreamer-source.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { noGstreamer } from '../../support/gstreamer.js';

const usualPath = process.env.PATH;

function open(t: Test, pipeline: string): GstreamerSource {
  const source = parseSource(`gstreamer:${pipeline}`);
  if (source.kind !== 'gstreamer') throw new Error('unexpected kind');
  const opened = new GstreamerSource(source);
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

t.test('with the real gst-launch-1.0', { skip: noGstreamer }, async (t) => {
  t.test('pictures of any width come whole, with their size and rate', async (t) => {
    for (const [width, height] of [
      [320, 240],
      [322, 242],
      [318, 100],
      [161, 99],
    ] as const) {
      const source = open(
        t,
        `videotestsrc is-live=true pattern=white ! video/x-raw,format=I420,width=${width},height=${height},framerate=50/1`,
      );
      t.match(await source.open(), { width, height, fps: 50, by: 'gst-launch-1.0' });
      let last = -1;
      for (let i = 0; i < 5; i += 1) {
        const picture = await source.next();
        if (picture === undefined) throw new Error('ended');
        const { frame, mediaMs } = picture;
        t.strictSame([frame.width, frame.height], [width, height]);
        const stride = frame.linesize[0] ?? 0;
        const luma = frame.data?.[0] ?? Buffer.alloc(0);
        for (let y = 0; y < height; y += 1) {
          if (luma.subarray(y * stride, y * stride + width).some((byte) => byte !== 235))
            t.fail(`row ${y} is not white`);
        }
        t.ok(mediaMs > last, 'time goes on');
        last = mediaMs;
      }
      await source[Symbol.asyncDispose]();
    }
  });

  t.test('any format is converted', async (t) => {
    const source = open(t, 'videotestsrc is-live=true ! video/x-raw,format=UYVY,width=320,height=240');
    t.match(await source.open(), { width: 320, height: 240 });
    t.ok(await source.next());
  });

  t.test('a pipeline that ends is an error', async (t) => {
    const source = open(t, 'videotestsrc is-live=true num-buffers=3 ! video/x-raw,width=64,height=48');
    await source.open();
    await t.rejects(
      async () => {
        for (let i = 0; i < 9; i += 1) await source.next();
      },
      { code: 'ERR_SOURCE_READ' },
    );
  });

  t.test('a pipeline that can’t run is named with what to do', async (t) => {
    const cases: [string, string, string, RegExp][] = [
      ['nosuchelement', 'ERR_SOURCE_PIPELINE', 'config', /no element "nosuchelement".*gst-inspect/],
      ['videotestsrc patern=white', 'ERR_SOURCE_PIPELINE', 'config', /no property "patern"/],
      ['videotestsrc ! audioconvert', 'ERR_SOURCE_PIPELINE', 'config', /could not link/i],
      ['v4l2src device=/dev/video99', 'ERR_SOURCE_MISSING', 'input', /^gstreamer:\*\*\*: .*No such file/],
      ['jetson-csi', 'ERR_SOURCE_PIPELINE', 'config', /no element "nvarguscamerasrc"/],
    ];
    for (const [pipeline, code, exit, message] of cases) {
      await t.rejects(open(t, pipeline).open(), { code, exit, message }, pipeline);
    }
  });

  t.test('no password in a pipeline is ever shown', async (t) => {
    const source = open(t, 'rtspsrc user-id=me user-pw=hunter2 location=rtsp://you:hunter2@127.0.0.1:1/x ! decodebin');
    const error = await source.open().catch((thrown) => thrown);
    t.match(error, { code: /^ERR_SOURCE_/, message: /^gstreamer:\*\*\*: / });
    t.notMatch(error.message, /hunter2/);
  });

  t.test('a pipeline that gives nothing is interrupted at once', async (t) => {
    const source = open(t, 'appsrc ! video/x-raw,format=I420,width=64,height=48,framerate=1/1');
    const opening = t.rejects(source.open(), { code: /^ERR_SOURCE_/ });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedAt = performance.now();
    source.interrupt();
    await opening;
    await source[Symbol.asyncDispose]();
    t.ok(performance.now() - startedAt < 10_000, 'long before its patience ends');
  });
});

t.test('a GStreamer that pads no rows, and one that changes the size', async (t) => {
  const folder = t.testdir();
  const frame = (width: number, height: number, luma: number) => {
    const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    return Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(width * height, luma), Buffer.alloc(chroma, 128)]);
  };
  const stream = [
    Buffer.from('YUV4MPEG2 W161 H99 Ip F25:1 A1:1 C420jpeg\n'),
    frame(161, 99, 7),
    frame(161, 99, 8),
    Buffer.from('YUV4MPEG2 W64 H48 Ip F25:1 A1:1 C420jpeg\n'),
    frame(64, 48, 9),
  ];
  writeFileSync(join(folder, 'stream'), Buffer.concat(stream));
  writeFileSync(join(folder, 'gst-launch-1.0'), `#!/bin/sh\nexec cat '${folder}/stream'\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${usualPath}`;
  const source = open(t, 'videotestsrc');
  t.match(await source.open(), { width: 161, height: 99, fps: 25 });
  for (const [width, luma] of [
    [161, 7],
    [161, 8],
    [64, 9],
  ] as const) {
    const picture = await source.next();
    t.equal(picture?.frame.width, width);
    const plane = picture?.frame.data?.[0] ?? Buffer.alloc(1);
    const stride = picture?.frame.linesize[0] ?? 0;
    t.ok([0, 20, 47].every((row) => plane.subarray(row * stride, row * stride + width).every((byte) => byte === luma)));
  }
  await t.rejects(source.next(), { code: 'ERR_SOURCE_READ' });
  process.env.PATH = usualPath;
});

t.test('colours that are stored in another way than ours are refused, not shown wrong', async (t) => {
  const folder = t.testdir();
  writeFileSync(
    join(folder, 'gst-launch-1.0'),
    "#!/bin/sh\necho 'YUV4MPEG2 W64 H48 F25:1 C444'; exec cat /dev/zero\n",
    {
      mode: 0o755,
    },
  );
  process.env.PATH = `${folder}:${usualPath}`;
  await t.rejects(open(t, 'videotestsrc').open(), { code: 'ERR_SOURCE_READ' });
  process.env.PATH = usualPath;
});

t.test('without gst-launch-1.0 it is said what to install', async (t) => {
  process.env.PATH = t.testdir();
  await t.rejects(open(t, 'videotestsrc').open(), { code: 'ERR_SOURCE_PROGRAM', message: /gstreamer1\.0-tools/ });
  process.env.PATH = usualPath;
});

t.test('a pipeline is cut at white space outside quotes', async (t) => {
  t.strictSame(splitPipeline('a ! b   name="x y" ! c'), ['a', '!', 'b', 'name="x y"', '!', 'c']);
  t.strictSame(splitPipeline(`a text='it is' b="say \\"so\\""`), ['a', "text='it is'", 'b="say \\"so\\""']);
  t.strictSame(splitPipeline('video/x-raw(memory:NVMM),width=1'), ['video/x-raw(memory:NVMM),width=1']);
  t.strictSame(splitPipeline(' an "open quote '), ['an', '"open', 'quote']);
  t.strictSame(splitPipeline(''), []);
});

t.test('what makes bytes of the pictures is added', async (t) => {
  const args = gstreamerArguments('videotestsrc is-live=true');
  t.strictSame(args.slice(0, 4), ['--quiet', 'videotestsrc', 'is-live=true', '!']);
  t.strictSame(args.slice(-4), ['!', 'fdsink', 'fd=1', 'sync=false']);
});
