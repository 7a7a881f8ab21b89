import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Frame } from 'node-av/lib';
import t, { type Test } from 'tap';
import { LibcameraSource, TimeStamps } from '../../../src/pipeline/capture/libcamera-source.js';
import type { Picture } from '../../../src/pipeline/capture/picture-source.js';
import { parseSource, type SourceOptions } from '../../../src/pipeline/capture/source.js';
import { installRpicam, readCalls } from '../../support/rpicam.js';
import type { RpicamBehaviour } from '../../support/rpicam-vid.js';

const usualPath = process.env.PATH;
/** A loaded machine takes its time to start the stand-in. */
const patience = { firstPictureMs: 60_000, firstStampMs: 10_000, stampMs: 10_000 };

/** A camera behind a stand-in for rpicam-vid, which is the only program of its kind on the search path. */
function camera(t: Test, options: SourceOptions, behaviour: RpicamBehaviour = {}, program = 'rpicam-vid') {
  const folder = t.testdir();
  const log = join(folder, 'calls');
  installRpicam(folder, { log, ...behaviour }, program);
  process.env.PATH = `${folder}:${usualPath}`;
  t.teardown(() => {
    process.env.PATH = usualPath;
  });
  const source = parseSource('libcamera:0', { captureFps: 50, ...options });
  if (source.kind !== 'libcamera') throw new Error('unexpected kind');
  const opened = new LibcameraSource(source, patience);
  t.teardown(() => opened[Symbol.asyncDispose]());
  return { source: opened, calls: () => readCalls(log) };
}

/** Luma of the first pixel of each row, and whether any pixel of a row differs from it: padding would. */
function rows({ frame }: Picture): { luma: number[]; uniform: boolean } {
  const [plane] = frame.data ?? [];
  const stride = frame.linesize[0] ?? 0;
  if (!plane) throw new Error('no picture');
  const row = (y: number) => plane.subarray(y * stride, y * stride + frame.width);
  const all = Array.from({ length: frame.height }, (_, y) => row(y));
  return {
    luma: all.map((bytes) => bytes[0] ?? -1),
    uniform: all.every((bytes) => bytes.every((b) => b === bytes[0])),
  };
}

const expectedLuma = (number: number, height: number) =>
  Array.from({ length: height }, (_, y) => (number * 7 + y) % 200);

for (const [width, align] of [
  [256, 64],
  [320, 64],
  [322, 64],
  [400, 128],
  [130, 32],
] as const) {
  t.test(`pictures ${width} pixels wide, rows aligned to ${align} bytes, are cut exactly`, async (t) => {
    const { source, calls } = camera(t, { size: [width, 90] }, { align });
    t.match(await source.open(), { width, height: 90, fps: 50, by: 'rpicam-vid', notes: [] });
    for (let i = 0; i < 20; i += 1) {
      const picture = await source.next();
      if (picture === undefined) throw new Error('ended');
      const { luma, uniform } = rows(picture);
      t.strictSame({ width: picture.frame.width, height: picture.frame.height }, { width, height: 90 });
      t.ok(uniform, 'no padding in the picture');
      t.strictSame(luma, expectedLuma(i, 90), `picture ${i}`);
      t.ok(Math.abs(picture.mediaMs - i * 20) < 0.01, `its time is the sensor’s: ${picture.mediaMs}`);
    }
    t.equal(calls().length, width % 128 === 0 ? 1 : 3, 'padding is measured only where there can be some');
  });
}

t.test('a picture that is kept stays as it was when the next ones come', async (t) => {
  const { source } = camera(t, { size: [256, 90] }, { align: 64 });
  await source.open();
  const first = await source.next();
  if (first === undefined) throw new Error('ended');
  using kept = new Frame();
  kept.alloc();
  kept.ref(first.frame); // as the capture thread does, for snapshots
  const { luma } = rows(first);
  for (let i = 0; i < 3; i += 1) await source.next();
  t.strictSame(rows({ ...first, frame: kept }).luma, luma);
});

t.test('only a picture that is asked for is copied, into the memory of the one before', async (t) => {
  const { source } = camera(t, { size: [256, 90] }, { align: 64 });
  const copies = t.capture(Frame, 'fromVideoBuffer', Frame.fromVideoBuffer);
  await source.open();
  const first = await source.next();
  const memory = first?.frame;
  for (let i = 0; i < 5; i += 1) await source.next();
  t.equal(copies().length, 1, 'one that is not due costs no copy');
  const seventh = await source.next();
  t.equal(seventh?.frame, memory);
  t.strictSame(seventh && rows(seventh).luma, expectedLuma(6, 90));
});

t.test('another size than the one that was asked for is taken, and said', async (t) => {
  const { source } = camera(t, { size: [4096, 2160] }, { largest: [640, 480] });
  const facts = await source.open();
  t.match(facts, { width: 640, height: 480, notes: ['asked for 4096x2160, this camera gives 640x480'] });
  const picture = await source.next();
  t.strictSame(picture && rows(picture).luma, expectedLuma(0, 480));
});

t.test('settings become arguments', async (t) => {
  const { source, calls } = camera(t, {
    size: [256, 128],
    libcamera: {
      shutterMicroseconds: 8000,
      gain: 1.5,
      exposure: 'sport',
      awb: 'daylight',
      awbGains: [1.5, 1.25],
      rotation: 180,
      hflip: true,
      vflip: false,
      roi: [0.25, 0.25, 0.5, 0.5],
      tuningFile: '/tmp/a b; $(reboot).json',
    },
  });
  await source.open();
  const [args = []] = calls();
  const after = (name: string) => args[args.indexOf(name) + 1];
  t.strictSame(
    Object.fromEntries(
      [
        'shutter',
        'gain',
        'exposure',
        'awb',
        'awbgains',
        'rotation',
        'roi',
        'tuning-file',
        'width',
        'height',
        'framerate',
      ]
        .concat(['camera', 'codec', 'timeout', 'output'])
        .map((name) => [name, after(`--${name}`)]),
    ),
    {
      shutter: '8000',
      gain: '1.5',
      exposure: 'sport',
      awb: 'daylight',
      awbgains: '1.5,1.25',
      rotation: '180',
      roi: '0.25,0.25,0.5,0.5',
      'tuning-file': '/tmp/a b; $(reboot).json',
      width: '256',
      height: '128',
      framerate: '50',
      camera: '0',
      codec: 'yuv420',
      timeout: '0',
      output: '-',
    },
  );
  t.ok(args.includes('--hflip'));
  t.notOk(args.includes('--vflip'));
});

t.test('libcamera-vid is taken where rpicam-vid is not installed', async (t) => {
  const { source } = camera(t, { size: [256, 128] }, {}, 'libcamera-vid');
  t.match(await source.open(), { by: 'libcamera-vid' });
});

t.test('where neither is installed, it is said what to install', async (t) => {
  const { source } = camera(t, {}, {}, 'something-else');
  await t.rejects(source.open(), { code: 'ERR_SOURCE_PROGRAM', message: /rpicam-apps-lite/ });
});

t.test('without mkfifo pictures have the times of their arrival, which is said', async (t) => {
  const { source } = camera(t, { size: [256, 128] });
  const [folder = ''] = (process.env.PATH ?? '').split(':');
  mkdirSync(join(folder, 'bin'));
  symlinkSync('/bin/sh', join(folder, 'bin', 'sh'));
  process.env.PATH = folder;
  const facts = await source.open();
  t.match(facts.notes, [/no time stamps of the sensor/]);
  const first = await source.next();
  const second = await source.next();
  t.equal(first?.mediaMs, 0);
  t.ok((second?.mediaMs ?? 0) > 0);
});

t.test('a camera that can’t be had is named with what to do', async (t) => {
  const cases: [string, string, string, RegExp][] = [
    ['no cameras available', 'ERR_SOURCE_MISSING', 'input', /cable/],
    ['failed to acquire camera /base/soc/i2c0mux/imx708@1a', 'ERR_SOURCE_BUSY', 'source', /Another program/],
    ["unrecognised option '--autofocus-mode'", 'ERR_SOURCE_OPTION', 'config', /update rpicam-apps/],
    ['failed to open /dev/media3: Permission denied', 'ERR_SOURCE_ACCESS', 'permission', /group video/],
    ['something strange', 'ERR_SOURCE_OPEN', 'source', /something strange/],
  ];
  for (const [refuses, code, exit, message] of cases) {
    const { source } = camera(t, {}, { refuses });
    await t.rejects(source.open(), { code, exit, message }, refuses);
    await source[Symbol.asyncDispose]();
  }
});

t.test('a program that ends, or ends within a picture, is an error with its last words', async (t) => {
  for (const [does, message] of [
    ['exit', /Device timeout/],
    ['cut', /within a picture/],
  ] as const) {
    const { source } = camera(t, { size: [256, 128] }, { after: 3, does });
    await source.open();
    for (let i = 0; i < 3; i += 1) t.ok(await source.next());
    await t.rejects(source.next(), { code: 'ERR_SOURCE_READ', message }, does);
    await source[Symbol.asyncDispose]();
  }
});

t.test('a flood on standard error changes nothing', async (t) => {
  const { source } = camera(t, { size: [256, 128] }, { after: 0, does: 'flood' });
  await source.open();
  for (let i = 0; i < 20; i += 1) {
    const picture = await source.next();
    t.strictSame(picture && rows(picture).luma, expectedLuma(i, 128));
  }
});

t.test('a program that hangs is interrupted at once', async (t) => {
  const { source } = camera(t, { size: [256, 128] }, { after: 1, does: 'hang' });
  await source.open();
  t.ok(await source.next());
  const waiting = t.rejects(source.next(), { code: 'ERR_SOURCE_READ' });
  const startedAt = performance.now();
  source.interrupt();
  await waiting;
  await source[Symbol.asyncDispose]();
  t.ok(performance.now() - startedAt < 10_000, 'long before its patience ends');
});

t.test('where there is no folder for a pipe there are no time stamps, and no error', async (t) => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = '/nowhere';
  t.teardown(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  t.equal(await TimeStamps.open(), undefined);
});
