import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { makeClip } from '../../support/clip.js';

function open(path: string): FfmpegSource {
  const source = parseSource(`file:${path}`);
  if (source.kind !== 'ffmpeg') throw new Error('unexpected kind');
  return new FfmpegSource(source);
}

/** Size and time of every picture. */
async function readAll(path: string) {
  await using source = open(path);
  const facts = await source.open();
  const pictures: { width: number; height: number; mediaMs: number }[] = [];
  for (let picture = await source.next(); picture; picture = await source.next()) {
    const { frame, mediaMs } = picture;
    pictures.push({ width: frame.width, height: frame.height, mediaMs: Math.round(mediaMs) });
  }
  return { facts, pictures, decodeErrors: source.decodeErrors };
}

const small = { width: 96, height: 64, frames: 25, fps: 12.5 } as const;

t.test('every picture of a clip comes once, in order, with its time', async (t) => {
  const path = join(t.testdir(), 'a.mp4');
  await makeClip(path, { ...small, fps: 25 });
  const { facts, pictures, decodeErrors } = await readAll(path);
  t.match(facts, { width: 96, height: 64, fps: 25, frames: 25, by: 'mov/h264' });
  t.strictSame(
    pictures.map(({ mediaMs }) => mediaMs),
    Array.from({ length: 25 }, (_, i) => i * 40),
  );
  t.equal(decodeErrors, 0);
});

t.test('a size that changes within the stream is seen', async (t) => {
  const dir = t.testdir();
  const parts = [join(dir, 'a.ts'), join(dir, 'b.ts')];
  await makeClip(parts[0] as string, { ...small, fps: 25, frames: 10 });
  await makeClip(parts[1] as string, { width: 128, height: 128, frames: 10, fps: 25 });
  const both = join(dir, 'both.ts');
  await writeFile(both, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
  const { pictures } = await readAll(both);
  t.equal(pictures.filter(({ width }) => width === 96).length, 10);
  t.equal(pictures.filter(({ width }) => width === 128).length, 10);
});

t.test('a truncated clip ends where it can no longer be read', async (t) => {
  const dir = t.testdir();
  const whole = join(dir, 'whole.ts');
  await makeClip(whole, { ...small, fps: 25 });
  const bytes = await readFile(whole);
  const cut = join(dir, 'cut.ts');
  await writeFile(cut, bytes.subarray(0, bytes.length / 2));
  const { pictures } = await readAll(cut);
  t.ok(pictures.length > 5 && pictures.length < 25, `${pictures.length} of 25 pictures`);
});

t.test('a clip that was cut off, and knows it, is played as far as it goes and then fails', async (t) => {
  const whole = await readFile('demo/street.mp4'); // its index is at its start
  const cut = join(t.testdir(), 'cut.mp4');
  await writeFile(cut, whole.subarray(0, whole.length / 2));
  const source = open(cut);
  t.teardown(() => source[Symbol.asyncDispose]());
  await source.open();
  let pictures = 0;
  const play = async () => {
    while (await source.next()) pictures += 1;
  };
  await t.rejects(play(), { code: 'ERR_SOURCE_TRUNCATED', exit: 'source', message: /of its \d+ pictures/ });
  t.ok(pictures > 50, `${pictures} pictures`);
});

t.test('a clip that can’t be opened says why and ends with an exit code of its own', async (t) => {
  const dir = t.testdir({ 'empty.mp4': '', 'text.mp4': 'this is no video, but a text\n'.repeat(100) });
  const whole = join(dir, 'whole.mp4');
  await makeClip(whole, { ...small, fps: 25 });
  const headless = join(dir, 'headless.mp4'); // an MP4's index is at its end: without it there is nothing to play
  await writeFile(headless, (await readFile(whole)).subarray(0, 2000));
  for (const name of ['empty.mp4', 'text.mp4', 'headless.mp4']) {
    await t.rejects(readAll(join(dir, name)), { code: /^ERR_SOURCE_/, exit: 'source', message: name }, name);
  }
  await t.rejects(readAll(join(dir, 'nowhere.mp4')), { code: 'ERR_SOURCE_MISSING', exit: 'input' });
});

t.test('credentials in a URL are never in a message', async (t) => {
  const source = parseSource('rtsp://admin:hunter2@127.0.0.1:9/stream');
  if (source.kind !== 'ffmpeg') throw new Error('unexpected kind');
  const error = await new FfmpegSource(source).open().catch((thrown) => thrown);
  t.match(error, { code: 'ERR_SOURCE_UNREACHABLE', message: /rtsp:\/\/127\.0\.0\.1/ });
  t.notMatch(error.message, /hunter2/);
});
