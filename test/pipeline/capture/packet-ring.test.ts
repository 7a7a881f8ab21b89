import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Packet } from 'node-av/lib';
import t, { type Test } from 'tap';
import { createSource } from '../../../src/pipeline/capture/create-source.js';
import { FfmpegInput } from '../../../src/pipeline/capture/ffmpeg-input.js';
import { PacketRing, type PacketRingOptions } from '../../../src/pipeline/capture/packet-ring.js';
import { type FfmpegSource, parseSource } from '../../../src/pipeline/capture/source.js';
import { makeClip } from '../../support/clip.js';
import { cameraSettings } from '../../support/settings.js';

const fps = 10;

/** Ten seconds of video with a key frame each second, as if each picture had come a tenth of a second after the last. */
async function filled(t: Test, options: PacketRingOptions) {
  const folder = t.testdir();
  const path = join(folder, 'source.mkv');
  await makeClip(path, { width: 64, height: 48, frames: 10 * fps, fps });
  const input = new FfmpegInput(parseSource(path, cameraSettings()) as FfmpegSource);
  await input.open();
  const ring = new PacketRing(options);
  t.teardown(() => ring[Symbol.dispose]());
  ring.begin(input.stream);
  const packet = new Packet();
  packet.alloc();
  for (let i = 0; await input.read(packet); i++) {
    ring.add(packet, i * (1000 / fps));
    packet.unref();
  }
  packet.free();
  await input.close(); // what is kept outlives it
  return { ring, folder };
}

async function picturesIn(path: string): Promise<{ count: number; lastMs: number }> {
  await using source = createSource(parseSource(path, cameraSettings()));
  await source.open();
  let count = 0;
  let lastMs = 0;
  for (let picture = await source.next(); picture !== undefined; picture = await source.next()) {
    count += 1;
    lastMs = picture.mediaMs;
  }
  t.equal(source.decodeErrors, 0);
  return { count, lastMs };
}

t.test('a clip has the video between two moments, from the key frame before the first on', async (t) => {
  const { ring, folder } = await filled(t, { seconds: 60, maxBytes: 1e7 });
  const clip = join(folder, 'clip.mp4');
  await ring.write(clip, 3450, 6250);
  const { count, lastMs } = await picturesIn(clip);
  // The encoder makes a key frame each second at least.
  t.ok(count >= 29 && count <= 39, `${count} pictures up to 6.2 s`);
  t.equal(lastMs, (count - 1) * 100);
  t.notOk(readdirSync(folder).some((name) => name.endsWith('.part')));
  await ring.write(clip, 8000, 60_000);
  t.ok((await picturesIn(clip)).count >= 20, 'the same video can be asked for again, up to the newest');
  await t.rejects(ring.write(clip, 20_000, 30_000), { code: 'ERR_SOURCE_NO_CLIP' });
});

t.test('no more is kept than asked for, in seconds and in bytes', async (t) => {
  const { ring, folder } = await filled(t, { seconds: 3, maxBytes: 1e7 });
  const clip = join(folder, 'clip.mp4');
  await ring.write(clip, 0, 60_000);
  const { count } = await picturesIn(clip);
  t.ok(count >= 20 && count <= 31, `${count} pictures`);
  const { ring: small } = await filled(t, { seconds: 60, maxBytes: 200 });
  await t.rejects(small.write(clip, 0, 60_000), { code: 'ERR_SOURCE_NO_CLIP' }, 'less than one key frame');
});

t.test('another opening is another video', async (t) => {
  const { ring, folder } = await filled(t, { seconds: 60, maxBytes: 1e7 });
  const other = join(folder, 'picture.mjpeg');
  const input = new FfmpegInput(parseSource(join(folder, 'source.mkv'), cameraSettings()) as FfmpegSource);
  await input.open();
  ring.begin(input.stream);
  await input.close();
  await t.rejects(ring.write(other, 0, 60_000), { code: 'ERR_SOURCE_NO_CLIP', message: /none was kept/ });
});
