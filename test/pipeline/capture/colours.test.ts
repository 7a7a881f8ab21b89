// Pictures of known colours, made by FFmpeg's program in each colour space, must give these very colours as tensor and
// as snapshot. What is compared is RGB, so the reference is the colour that FFmpeg was asked to draw.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Box } from '../../../src/contract/geometry.js';
import { FfmpegSource } from '../../../src/pipeline/capture/ffmpeg-source.js';
import { GstreamerSource } from '../../../src/pipeline/capture/gstreamer-source.js';
import type { PictureSource } from '../../../src/pipeline/capture/picture-source.js';
import { SnapshotEncoder } from '../../../src/pipeline/capture/snapshot.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { TensorScaler } from '../../../src/pipeline/capture/tensor-scaler.js';
import { findProgram } from '../../support/broker.js';
import { noGstreamer } from '../../support/gstreamer.js';

const noFfmpeg = findProgram('ffmpeg') === undefined ? 'needs the ffmpeg program' : false;

/** A region of a picture. */
const middle: Box = [0.25, 0.25, 0.75, 0.75];
/** The network's, usually. */
const input = { width: 320, height: 192 };
/** Strong colours, in which the matrices differ by up to 30 of 255. */
const drawn = { red: [220, 30, 30], green: [30, 200, 40], blue: [40, 50, 210], skin: [224, 172, 140] } as const;
/** The program that draws and reads must not round for speed. */
const exact = 'accurate_rnd+full_chroma_int+full_chroma_inp';
/** Bytes are rounded as YUV, as a smaller picture, as RGB, and JPEG's twice more. */
const tolerance = 3;

interface Kind {
  /** Of FFmpeg's `scale` filter. */
  matrix: 'bt601' | 'bt709';
  range: 'limited' | 'full';
  height: number;
  /** Whether the file says so, or leaves it to the usual rule. */
  stated: boolean;
}

/** A file of four pictures, each of one colour. */
function makeColours(folder: string, { matrix, range, height, stated }: Kind): string {
  const width = 2 * Math.round((height * 8) / 9);
  const inputs = Object.values(drawn).flatMap(([r, g, b]) => {
    const colour = `0x${[r, g, b].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
    return ['-f', 'lavfi', '-i', `color=c=${colour}:s=${width}x${height}:r=5:d=0.2,format=gbrp`];
  });
  const all = Object.keys(drawn).map((_, i) => `[${i}]`);
  const join4 = `${all.join('')}concat=n=${all.length},scale=out_color_matrix=${matrix}:out_range=${range}:flags=${exact}`;
  const space = matrix === 'bt709' ? 'bt709' : 'smpte170m';
  const tags = stated ? ['-colorspace', space, '-color_range', range === 'full' ? 'pc' : 'tv'] : [];
  // What libx264 is told by FFmpeg it writes into the stream; an elementary stream without it states nothing.
  const unstated = ['-bsf:v', 'h264_metadata=matrix_coefficients=2:video_full_range_flag=0'];
  const path = join(folder, `${matrix}-${range}-${height}-${stated}.mp4`);
  const output = [
    '-vsync',
    'passthrough',
    '-pix_fmt',
    'yuv420p',
    ...tags,
    '-c:v',
    'libx264',
    '-qp',
    '1',
    ...(stated ? [] : unstated),
  ];
  const args = ['-v', 'error', '-y', ...inputs, '-filter_complex', `${join4},format=yuv420p`, ...output, path];
  execFileSync('ffmpeg', args);
  return path;
}

function file(path: string): FfmpegSource {
  const source = parseSource(`file:${path}`);
  if (source.kind !== 'ffmpeg') throw new TypeError('no file');
  return new FfmpegSource(source);
}

/** The middle of what the network is given, and of the snapshot as FFmpeg's program reads it, of each picture. */
async function coloursIn(folder: string, source: PictureSource, pictures: number, region?: Box) {
  await source.open();
  using scaler = new TensorScaler(input, 114, 'fit', region);
  const encoder = new SnapshotEncoder({ quality: 100, maxSize: 200 });
  const tensor = new Uint8Array(input.width * input.height * 3);
  const seen: { tensor: number[]; snapshot: number[] }[] = [];
  for (let i = 0; i < pictures; i += 1) {
    const picture = await source.next();
    if (picture === undefined) throw new Error(`ended after ${i} pictures`);
    const { width, height } = scaler.scale(picture.frame, tensor);
    const at = ((height >> 1) * input.width + (width >> 1)) * 3;
    writeFileSync(join(folder, `${i}.jpg`), encoder.encode(picture.frame, { box: middle }));
    seen.push({ tensor: [...tensor.subarray(at, at + 3)], snapshot: [] });
  }
  const read = ['-v', 'error', '-i', join(folder, '%d.jpg'), '-vf', `scale=flags=${exact}`, '-pix_fmt', 'rgb24'];
  const rgb = execFileSync('ffmpeg', [...read, '-frames:v', String(pictures), '-f', 'rawvideo', '-']);
  const bytes = rgb.length / pictures;
  for (const [i, picture] of seen.entries()) {
    const half = i * bytes + Math.floor(bytes / 6) * 3;
    picture.snapshot.push(...rgb.subarray(half, half + 3));
  }
  return seen;
}

function isNear(t: Test, seen: number[], wanted: readonly number[], what: string, most = tolerance): void {
  const off = Math.max(...seen.map((value, i) => Math.abs(value - (wanted[i] ?? Number.NaN))));
  t.ok(off <= most, `${what}: ${seen}, drawn as ${wanted}`);
}

for (const matrix of ['bt601', 'bt709'] as const) {
  for (const range of ['limited', 'full'] as const) {
    t.test(`${matrix} in ${range} range, as the file states it`, { skip: noFfmpeg }, async (t) => {
      const folder = t.testdir();
      const path = makeColours(folder, { matrix, range, height: 360, stated: true });
      for (const region of [undefined, middle]) {
        await using source = file(path);
        const seen = await coloursIn(folder, source, 4, region);
        for (const [i, [name, wanted]] of Object.entries(drawn).entries()) {
          isNear(t, seen[i]?.tensor ?? [], wanted, `tensor, ${name}${region ? ' in a region' : ''}`);
          isNear(t, seen[i]?.snapshot ?? [], wanted, `snapshot, ${name}`);
        }
      }
    });
  }
}

for (const [height, matrix] of [
  [480, 'bt601'],
  [720, 'bt709'],
] as const) {
  t.test(`${height} lines that state nothing are taken for ${matrix}`, { skip: noFfmpeg }, async (t) => {
    const folder = t.testdir();
    await using source = file(makeColours(folder, { matrix, range: 'limited', height, stated: false }));
    const seen = await coloursIn(folder, source, 4);
    for (const [i, [name, wanted]] of Object.entries(drawn).entries()) {
      isNear(t, seen[i]?.tensor ?? [], wanted, `tensor, ${name}`);
      isNear(t, seen[i]?.snapshot ?? [], wanted, `snapshot, ${name}`);
    }
  });
}

t.test('pictures of other kinds: JPEG, PNG, grey', { skip: noFfmpeg }, async (t) => {
  const folder = t.testdir();
  const [r, g, b] = drawn.skin;
  const colour = `0x${[r, g, b].map((value) => value.toString(16)).join('')}`;
  for (const [name, format, wanted] of [
    ['a.jpg', 'yuvj420p', drawn.skin],
    ['b.jpg', 'yuvj444p', drawn.skin],
    ['c.png', 'rgb24', drawn.skin],
    ['d.png', 'rgba', drawn.skin],
    ['e.png', 'gray', [184, 184, 184]],
    ['f.bmp', 'bgr24', drawn.skin],
  ] as const) {
    const path = join(folder, name);
    const input = [
      '-f',
      'lavfi',
      '-i',
      `color=c=${colour}:s=1280x720:d=0.1,format=gbrp,scale=out_color_matrix=bt601:flags=${exact}`,
    ];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, '-pix_fmt', format, '-q:v', '1', '-frames:v', '1', path]);
    for (const region of [undefined, middle]) {
      await using source = file(path);
      const [seen] = await coloursIn(folder, source, 1, region);
      isNear(t, seen?.tensor ?? [], wanted, `${name}, ${format}`);
      isNear(t, seen?.snapshot ?? [], wanted, `snapshot of ${name}, ${format}`);
    }
  }
});

t.test('a pipeline of GStreamer, whatever its colour space', { skip: noFfmpeg || noGstreamer }, async (t) => {
  const folder = t.testdir();
  for (const caps of ['I420,colorimetry=bt601', 'I420,colorimetry=bt709', 'RGB', 'I420,colorimetry=1:4:0:0']) {
    const drawing = 'videotestsrc is-live=true pattern=solid-color foreground-color=0xffe0ac8c';
    const camera = `${drawing} ! video/x-raw,format=RGB,width=320,height=240 ! videoconvert ! video/x-raw,format=${caps}`;
    const source = parseSource(`gstreamer:${camera}`);
    if (source.kind !== 'gstreamer') throw new TypeError('no pipeline');
    await using opened = new GstreamerSource(source);
    const [seen] = await coloursIn(folder, opened, 1);
    const rough = 2; // GStreamer rounds down, twice here
    isNear(t, seen?.tensor ?? [], drawn.skin, `tensor, ${caps}`, tolerance + rough);
    isNear(t, seen?.snapshot ?? [], drawn.skin, `snapshot, ${caps}`, tolerance + rough);
  }
});
