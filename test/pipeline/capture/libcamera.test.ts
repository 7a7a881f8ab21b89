import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { jpegSize } from '../../../src/pipeline/capture/cut.js';
import { takeLibcameraStill } from '../../../src/pipeline/capture/libcamera.js';
import { parseSource, type SourceOptions } from '../../../src/pipeline/capture/source.js';
import { installOwner } from '../../support/rpicam.js';

const usualPath = process.env.PATH;
/** 2 x 2 pixels. */
const jpeg = `/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgoKC8oLzc3Nzc3N0E8QUNDQ0FBQUFDQ0NISEhVVVVISEhDQ0hIUFBVVVxfXFdX
VVdfX2RkZHh4c3OMjJGsrM//xABLAAEBAAAAAAAAAAAAAAAAAAAABwEBAAAAAAAAAAAAAAAAAAAAABABAAAAAAAAAAAAAAAAAAAAABEBAAAAAAAAAAAAAAAA
AAAAAP/AABEIAAIAAgMBIgACEQADEQD/2gAMAwEAAhEDEQA/AL+AD//Z`;

/** A camera whose program for stills does this. */
function camera(t: Test, script: string, options: SourceOptions = {}, program = 'rpicam-still') {
  const folder = t.testdir({ picture: Buffer.from(jpeg, 'base64') });
  installOwner(folder, program, script.replaceAll('%d', folder));
  process.env.PATH = `${folder}:${usualPath}`;
  t.teardown(() => {
    process.env.PATH = usualPath;
  });
  const source = parseSource('libcamera:1', options);
  if (source.kind !== 'libcamera') throw new TypeError('no libcamera');
  return { source, folder };
}

const never = new AbortController().signal;

for (const program of ['rpicam-still', 'libcamera-still']) {
  t.test(`${program} is told what the settings say, and gives the sensor’s own size`, async (t) => {
    const libcamera = { hflip: true, rotation: 180, shutterMicroseconds: 8000, tuningFile: 'a b.json' } as const;
    const script = 'for a; do echo "$a"; done > %d/arguments; cat %d/picture';
    const { source, folder } = camera(t, script, { libcamera, size: [640, 480], captureFps: 5 }, program);
    t.strictSame(jpegSize(await takeLibcameraStill(source, never)), { width: 2, height: 2 });
    const args = readFileSync(join(folder, 'arguments'), 'utf8').trim().split('\n');
    t.strictSame(args.slice(0, 3), ['--camera', '1', '--nopreview']);
    for (const pair of ['--rotation 180', '--shutter 8000', '--tuning-file a b.json', '--output -']) {
      t.match(args.join(' '), pair);
    }
    t.ok(args.includes('--hflip'));
    t.notMatch(args.join(' '), /--(width|height|framerate|codec)/, 'what is about the video only');
  });
}

t.test('what goes wrong is told in the program’s words', async (t) => {
  const cases: [string, string, string, RegExp][] = [
    ['echo "ERROR: *** no cameras available ***" >&2; exit 255', 'ERR_SOURCE_MISSING', 'input', /cable/],
    ['head -c 100 %d/picture', 'ERR_SOURCE_OPEN', 'source', /sent no picture/],
    ['echo no JPEG at all', 'ERR_SOURCE_OPEN', 'source', /sent no picture/],
    ['exec yes', 'ERR_SOURCE_OPEN', 'source', /no still came|sent no picture/],
  ];
  for (const [script, code, exit, message] of cases) {
    await t.rejects(takeLibcameraStill(camera(t, script).source, never, 5000), { code, exit, message }, script);
  }
  const { source } = camera(t, '', {}, 'something-else');
  await t.rejects(takeLibcameraStill(source, never), { code: 'ERR_SOURCE_PROGRAM', message: /rpicam-still/ });
});

t.test('one that hangs is ended, by time or by whoever asked', async (t) => {
  const { source } = camera(t, 'exec sleep 600');
  await t.rejects(takeLibcameraStill(source, never, 200), { code: 'ERR_SOURCE_OPEN', message: /within 0\.2 s/ });
  const interrupted = { code: 'ERR_SOURCE_READ', message: /interrupted/ };
  await t.rejects(takeLibcameraStill(source, AbortSignal.timeout(200)), interrupted);
  await t.rejects(takeLibcameraStill(source, AbortSignal.abort()), interrupted);
});
