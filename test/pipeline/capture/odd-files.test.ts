// Files as cameras, dash cams and editors leave them behind: players show all of them.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { findProgram } from '../../support/broker.js';

const noFfmpeg = findProgram('ffmpeg') === undefined ? 'needs the ffmpeg program' : false;

/** The times of all pictures of a file, ms. */
async function play(path: string) {
  const description = parseSource(`file:${path}`);
  if (description.kind !== 'ffmpeg') throw new TypeError('no file');
  await using source = new FfmpegSource(description);
  const facts = await source.open();
  const times: number[] = [];
  for (let picture = await source.next(); picture; picture = await source.next()) times.push(picture.mediaMs);
  return { facts, times, steps: stepsOf(times), jumps: source.clockJumps, errors: source.decodeErrors };
}

const stepsOf = (times: number[]) => times.slice(1).map((time, i) => Math.round(time - (times[i] ?? 0)));

/** Writes a clip of moving bars, 10 pictures a second if nothing else is said. */
function make(path: string, seconds: number, ...output: string[]): string {
  const source = `testsrc2=s=96x64:r=10:d=${seconds}`;
  const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', '-g', '100'];
  execFileSync('ffmpeg', [...args, ...output, path]);
  return path;
}

t.test('an elementary stream without time stamps has those of its rate', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  const own = await play(make(join(folder, 'a.h264'), 2));
  t.strictSame(
    own.steps,
    Array.from({ length: 19 }, () => 100),
    'the rate that H.264 states',
  );
  t.equal(own.facts.fps, 10);
  const none = await play(make(join(folder, 'b.mjpeg'), 2));
  t.strictSame(
    none.steps,
    Array.from({ length: 19 }, () => 40),
    'MJPEG states none: 25 a second',
  );
  const reordered = await play(make(join(folder, 'c.h264'), 2, '-bf', '2'));
  t.strictSame(reordered.steps, own.steps);
});

t.test('a whole file that was trimmed without being encoded anew is not cut off', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  const whole = make(join(folder, 'whole.mp4'), 6);
  const late = join(folder, 'late.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-ss', '4', '-i', whole, '-t', '2', '-c', 'copy', late]);
  const { facts, steps } = await play(late);
  t.ok((facts.frames ?? 0) > 50, `${facts.frames} pictures are in it`);
  t.strictSame(
    steps,
    Array.from({ length: 19 }, () => 100),
    '20 of them are shown',
  );

  const early = readFileSync(whole);
  early.writeUInt32BE(2000, early.indexOf('elst') + 12); // the only edit lasts 2 s of the 6, in units of 1 ms
  writeFileSync(join(folder, 'early.mp4'), early);
  const shown = await play(join(folder, 'early.mp4'));
  t.ok(shown.times.length >= 20 && shown.times.length <= 22, `${shown.times.length} are shown`);
});

t.test('a file that really was cut off is told', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  const whole = readFileSync(make(join(folder, 'whole.mp4'), 6, '-movflags', '+faststart'));
  writeFileSync(join(folder, 'cut.mp4'), whole.subarray(0, whole.length * 0.6));
  await t.rejects(play(join(folder, 'cut.mp4')), { code: 'ERR_SOURCE_TRUNCATED', message: /of its 60 pictures/ });
});

t.test('pictures that a camera left out are empty chunks, which end nothing', { skip: noFfmpeg }, async (t) => {
  const path = join(t.testdir(), 'gap.avi');
  const gap = ['-vf', 'select=not(between(n\\,10\\,14))', '-vsync', 'passthrough'];
  make(path, 3, ...gap, '-c:v', 'mpeg4');
  const chunks = readFileSync(path).toString('latin1').split('00dc\0\0\0\0').length - 1;
  t.ok(chunks >= 5, `${chunks} empty chunks`);
  const { times, errors } = await play(path);
  t.equal(times.length, 25);
  t.equal(errors, 0);
  t.ok((times.at(-1) ?? 0) >= 2800, 'what comes after the gap has its own time');
});

t.test('times that go back or jump are another clock', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  const first = readFileSync(make(join(folder, 'first.ts'), 2));
  const later = readFileSync(make(join(folder, 'later.ts'), 2, '-output_ts_offset', '5000'));
  for (const [name, parts] of Object.entries({ back: [later, first], again: [first, first], on: [first, later] })) {
    const path = join(folder, `${name}.ts`);
    writeFileSync(path, Buffer.concat(parts));
    const { times, steps, jumps } = await play(path);
    t.equal(times.length, 40, name);
    t.ok(
      steps.every((step) => step > 0 && step <= 200),
      `${name}: steps of ${steps}`,
    );
    t.ok(Math.abs((times.at(-1) ?? 0) - 3900) < 400, `${name}: ${times.at(-1)} ms`);
    t.ok(jumps >= 1, `${name}: ${jumps} jumps are counted`);
  }
});
