import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** How FFmpeg's program lays a picture down so that a viewer who knows the orientation shows it upright. */
export const layings: Record<number, string> = {
  1: 'null',
  2: 'hflip',
  3: 'hflip,vflip',
  4: 'vflip',
  5: 'transpose=cclock_flip',
  6: 'transpose=cclock',
  7: 'transpose=clock_flip',
  8: 'transpose=clock',
};

/** Of QuickTime and ISO BMFF: a, b, c and d of the display matrix of each orientation. */
const matrices: Record<number, [a: number, b: number, c: number, d: number]> = {
  1: [1, 0, 0, 1],
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, 1, -1, 0],
  7: [0, -1, -1, 0],
  8: [0, -1, 1, 0],
};

/** TIFF with one entry, Orientation (0x0112). */
function exif(orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  return tiff;
}

function withLength(content: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length + 2);
  return Buffer.concat([length, content]);
}

/** A JPEG with an EXIF segment behind its first marker. */
export function jpegWith(jpeg: Buffer, orientation: number): Buffer {
  const segment = withLength(Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(orientation)]));
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), segment, jpeg.subarray(2)]);
}

/** A PNG with an `eXIf` chunk behind its header. */
export function pngWith(png: Buffer, orientation: number): Buffer {
  const content = Buffer.concat([Buffer.from('eXIf', 'latin1'), exif(orientation)]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length - 4);
  ends.writeUInt32BE(crc32(content), 4);
  const header = 8 + 25;
  const chunk = [ends.subarray(0, 4), content, ends.subarray(4)];
  return Buffer.concat([png.subarray(0, header), ...chunk, png.subarray(header)]);
}

/** A lossy WebP in the extended format, with an `EXIF` chunk at its end. */
export function webpWith(webp: Buffer, orientation: number, width: number, height: number): Buffer {
  const chunk = (name: string, content: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(content.length, 4);
    return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
  };
  const extended = Buffer.alloc(10);
  extended[0] = 0x08; // it has EXIF
  extended.writeUIntLE(width - 1, 4, 3);
  extended.writeUIntLE(height - 1, 7, 3);
  const pixels = webp.subarray(webp.indexOf('VP8 ', 12, 'latin1'));
  const all = Buffer.concat([Buffer.from('WEBP'), chunk('VP8X', extended), pixels, chunk('EXIF', exif(orientation))]);
  return chunk('RIFF', all);
}

/** A film with that orientation in its track header. */
export function mp4With(mp4: Buffer, orientation: number): Buffer {
  const turned = Buffer.from(mp4);
  const at = turned.indexOf('tkhd', 0, 'latin1') + 4 + 40;
  const [a = 0, b = 0, c = 0, d = 0] = matrices[orientation] ?? [];
  for (const [i, value] of [a, b, 0, c, d].entries()) turned.writeInt32BE(value * 65536, at + 4 * i);
  return turned;
}

function box(name: string, ...contents: (Buffer | number[])[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write(name, 4, 'latin1');
  return Buffer.concat([head, content]);
}

const u16 = (value: number) => [value >> 8, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];
const fullBox = [0, 0, 0, 0];

/**
 * A HEIF picture of one HEVC frame (ISO/IEC 23008-12).
 *
 * @param hevc of one key frame, with start codes
 * @param turns in quarters, anticlockwise, as `irot` says
 * @param mirror of top and bottom (0) or left and right (1), as `imir` says; after the turns
 */
export function heif(hevc: Buffer, width: number, height: number, turns: number, mirror?: 0 | 1): Buffer {
  const units = hevc
    .toString('latin1')
    .split('\0\0\x01')
    .map((unit) => Buffer.from(unit.replace(/\0+$/, ''), 'latin1'))
    .filter(({ length }) => length > 0);
  const kind = (unit: Buffer) => ((unit[0] ?? 0) >> 1) & 63;
  const sets = [32, 33, 34].map((wanted) => units.filter((unit) => kind(unit) === wanted));
  const arrays = sets.flatMap((list, i) => [
    Buffer.from([0x80 | (32 + i), ...u16(list.length)]),
    ...list.flatMap((unit) => [Buffer.from(u16(unit.length)), unit]),
  ]);
  const profile = sets[1]?.[0]?.subarray(3, 15) ?? [];
  const config = [1, ...profile, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3];
  const slices = units
    .filter((unit) => kind(unit) < 32)
    .map((unit) => Buffer.concat([Buffer.from(u32(unit.length)), unit]));
  const data = Buffer.concat(slices);
  const properties = [
    box('hvcC', config, ...arrays),
    box('ispe', fullBox, u32(width), u32(height)),
    box('irot', [turns]),
    ...(mirror === undefined ? [] : [box('imir', [mirror])]),
  ];
  const associations = [0x81, 2, 0x83, ...(mirror === undefined ? [] : [0x84])];
  const ipma = box('ipma', fullBox, u32(1), u16(1), [associations.length, ...associations]);
  const meta = (offset: number) =>
    box(
      'meta',
      fullBox,
      box('hdlr', fullBox, u32(0), Buffer.from('pict'), u32(0), u32(0), u32(0), [0]),
      box('pitm', fullBox, u16(1)),
      box('iloc', fullBox, [0x44, 0], u16(1), u16(1), u16(0), u16(1), u32(offset), u32(data.length)),
      box('iinf', fullBox, u16(1), box('infe', [2, 0, 0, 0], u16(1), u16(0), Buffer.from('hvc1'), [0])),
      box('iprp', box('ipco', ...properties), ipma),
    );
  const type = box('ftyp', Buffer.from('heic'), u32(0), Buffer.from('mif1heic'));
  const offset = type.length + meta(0).length + 8;
  return Buffer.concat([type, meta(offset), box('mdat', data)]);
}

/** Runs FFmpeg's program over four grey quarters, 64x48; laid down for an orientation. */
export function makeQuarters(path: string, orientation: number, ...output: string[]): Buffer {
  const quarters = 'geq=lum=if(lt(Y\\,24)\\,if(lt(X\\,32)\\,30\\,90)\\,if(lt(X\\,32)\\,150\\,220)):cb=128:cr=128';
  const source = `color=c=gray:s=64x48:r=10:d=1,format=yuv444p,${quarters},${layings[orientation]}`;
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...output, path]);
  return readFileSync(path);
}
