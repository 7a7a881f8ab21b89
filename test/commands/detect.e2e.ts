import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { exitCodes } from '../../src/contract/errors.js';
import { makeClip } from '../support/clip.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

interface Report {
  file: string;
  frame?: number;
  width: number;
  height: number;
  detections: { class: string; score: number; box: [number, number, number, number] }[];
}

async function detect(...args: string[]): Promise<Report[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'detect', '--json', ...args], {
    maxBuffer: 2 ** 27,
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

t.test('a clip gives a line a picture, boxes in its pixels, best first', async (t) => {
  const reports = await detect('demo/street.mp4');
  const truth = JSON.parse(readFileSync('demo/street.truth.json', 'utf8'));
  t.equal(reports.length, truth.frames.length);
  t.strictSame(
    reports.map(({ frame }) => frame),
    reports.map((_, i) => i),
  );
  for (const { width, height, detections } of reports) {
    if (width !== 640 || height !== 360) t.fail(`a picture of ${width}x${height}`);
    const scores = detections.map(({ score }) => score);
    if (scores.some((score, i) => score > (scores[i - 1] ?? 1))) t.fail(`scores ${scores}`);
    for (const {
      box: [left, top, right, bottom],
    } of detections) {
      const inside = left >= 0 && top >= 0 && right <= 640 && bottom <= 360 && left < right && top < bottom;
      if (!inside) t.fail(`box ${[left, top, right, bottom]}`);
    }
  }
  t.ok(
    reports.some(({ detections }) => (detections[0]?.score ?? 0) > 0.5),
    'something is seen',
  );
});

t.test('--min-score leaves out what is less certain, and 0.01 hardly anything', async (t) => {
  const dir = t.testdir({ pictures: {} });
  const clip = join(dir, 'small.mp4');
  await makeClip(clip, { width: 192, height: 96, frames: 2, fps: 10 });
  const all = await detect(clip, '--min-score', '0.01');
  const scores = all.flatMap(({ detections }) => detections.map(({ score }) => score)).toSorted();
  t.ok((scores[0] ?? 1) < 0.02, `the lowest is ${scores[0]}`);
  const middle = scores[Math.floor(scores.length / 2)] ?? 0;
  const some = await detect(clip, '--min-score', String(middle));
  const left = some.flatMap(({ detections }) => detections.map(({ score }) => score));
  t.ok(left.length > 0 && left.length < scores.length, `${left.length} of ${scores.length}`);
  t.ok(left.every((score) => score >= middle - 1e-4));
});

t.test('--annotate writes pictures that can be looked at, and read again', async (t) => {
  const dir = t.testdir({ clip: {}, again: {} });
  const clip = join(dir, 'small.mp4');
  await makeClip(clip, { width: 192, height: 96, frames: 3, fps: 10 });
  await detect(clip, '--annotate', join(dir, 'clip'));
  const names = readdirSync(join(dir, 'clip')).toSorted();
  t.strictSame(names, ['small-000000.jpg', 'small-000001.jpg', 'small-000002.jpg']);
  const picture = join(dir, 'clip', 'small-000000.jpg');
  const [report] = await detect(picture, '--annotate', join(dir, 'again'));
  t.match(report, { file: picture, frame: undefined, width: 192, height: 96 });
  t.strictSame([...readFileSync(join(dir, 'again', 'small-000000.jpg')).subarray(0, 2)], [0xff, 0xd8]);
});

t.test('--annotate writes over no picture that it reads, and nothing under a wrong extension', async (t) => {
  const dir = t.testdir();
  const clip = join(dir, 'small.mp4');
  await makeClip(clip, { width: 96, height: 96, frames: 1, fps: 10 });
  const [first] = await detect(clip, '--annotate', dir);
  t.equal(first?.file, clip);
  t.strictSame(readdirSync(dir).toSorted(), ['small.jpg', 'small.mp4']);
  const picture = join(dir, 'small.jpg');
  const before = readFileSync(picture);
  t.strictSame([...before.subarray(0, 2)], [0xff, 0xd8]);
  const failure = await detect(picture, '--annotate', dir).catch((error) => error);
  const message = /small\.jpg can’t be written: it is the picture itself\. Name another/;
  t.match(failure, { code: exitCodes.state, stderr: message });
  t.ok(before.equals(readFileSync(picture)));
});

t.test('a named pipe is refused at once, for nobody may ever write to it; one of the shell is read', async (t) => {
  const folder = t.testdir();
  const clip = join(folder, 'small.mp4');
  await makeClip(clip, { width: 192, height: 96, frames: 2, fps: 10 });
  execFileSync('mkfifo', [join(folder, 'pipe.mp4')]);
  symlinkSync('pipe.mp4', join(folder, 'link.mp4'));
  for (const name of ['pipe.mp4', 'link.mp4']) {
    const failure = await detect(join(folder, name)).catch((error) => error);
    t.match(failure, { code: exitCodes.source, stderr: /is a named pipe, .*ERR_SOURCE_OPEN/ }, name);
  }
  const piped = `cat '${clip}' | '${process.execPath}' '${cli}' detect /dev/stdin`;
  const { stdout } = await promisify(execFile)('sh', ['-c', piped]);
  t.match(stdout, /^\/dev\/stdin #0: .*\n\/dev\/stdin #1: .*\n$/);
});

t.test('a picture that was cut off is refused, not searched where it is grey', async (t) => {
  const folder = t.testdir({ pictures: {} });
  const clip = join(folder, 'small.mp4');
  await makeClip(clip, { width: 192, height: 96, frames: 2, fps: 10 });
  await detect(clip, '--annotate', join(folder, 'pictures'));
  const whole = readFileSync(join(folder, 'pictures', 'small-000000.jpg'));
  const cut = join(folder, 'cut.jpg');
  const piped = join(folder, 'cut'); // told by its first bytes, not by its name
  for (const [path, share] of [[cut, 0.9] as const, [piped, 0.6] as const]) {
    writeFileSync(path, whole.subarray(0, share * whole.length));
    const failure = await detect(path).catch((error) => error);
    t.match(failure, { code: exitCodes.source, stdout: '', stderr: /damaged or cut off.*ERR_SOURCE_NO_FRAMES/ });
  }
  writeFileSync(cut, Buffer.concat([whole, Buffer.alloc(5000)]));
  t.equal((await detect(cut)).length, 1, 'what follows a whole picture is no damage');
});

t.test('bad input ends with a message and an exit code', async (t) => {
  const dir = t.testdir({ 'text.jpg': 'no picture' });
  mkdirSync(join(dir, 'model'));
  const cases: [string[], number, RegExp][] = [
    [[join(dir, 'text.jpg')], exitCodes.source, /text\.jpg.*ERR_SOURCE/],
    [[join(dir, 'model')], exitCodes.source, /model is a folder\. Name a video or a picture in it; .*ERR_SOURCE_OPEN/],
    [[join(dir, 'nowhere.png')], exitCodes.input, /nowhere\.png does not exist/],
    [['--size', '300x200', 'demo/street.mp4'], exitCodes.usage, /multiples of 32/],
    [['--model', join(dir, 'model'), 'demo/street.mp4'], exitCodes.model, /no card\.json/],
    [['--annotate', join(dir, 'text.jpg'), 'demo/street.mp4'], exitCodes.state, /text\.jpg.*ERR_OUTPUT_WRITE/],
  ];
  for (const [args, code, message] of cases) {
    const failure = await detect(...args).catch((error) => error);
    t.match(failure, { code, stderr: message }, args.join(' '));
  }
});
