// Stands in for rpicam-vid at its outermost edge: its arguments, its standard output and error, its time stamps.
// `node rpicam-vid.js BEHAVIOUR ARGUMENTS...`; installRpicam() makes a program of that name of it.
import { appendFileSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

export type RpicamFault = 'exit' | 'cut' | 'hang' | 'flood';

export interface RpicamBehaviour {
  /** Each call's arguments go there, a JSON line each. */
  log?: string;
  /** Bytes that rows are aligned to, as the ISP's driver does it. */
  align?: number;
  /** Says this and ends before any picture. */
  refuses?: string;
  /** The largest picture that this sensor has. */
  largest?: [width: number, height: number];
  /** After so many pictures it … */
  after?: number;
  /** … ends, ends within a picture, says nothing any more, or goes on with a flood on standard error. */
  does?: RpicamFault;
  /** A file: once it is there, the fault in it is made, and the file is gone. */
  orders?: string;
  /** Between two pictures, milliseconds; the stamps keep the asked rate. */
  periodMs?: number;
}

const behaviour = JSON.parse(process.argv[2] ?? '{}') as RpicamBehaviour;
const args = process.argv.slice(3);
if (behaviour.log !== undefined) appendFileSync(behaviour.log, `${JSON.stringify(args)}\n`);
const flag = { type: 'boolean' as const };
const text = { type: 'string' as const };
const { values } = parseArgs({
  args,
  options: {
    ...Object.fromEntries(['nopreview', 'flush', 'hflip', 'vflip'].map((name) => [name, flag])),
    ...Object.fromEntries(
      ['camera', 'codec', 'width', 'height', 'framerate', 'timeout', 'output', 'save-pts', 'frames']
        .concat(['shutter', 'gain', 'exposure', 'awb', 'awbgains', 'rotation', 'roi', 'tuning-file'])
        .map((name) => [name, text]),
    ),
  },
}) as { values: Record<string, string | undefined> };

/** A picture's luma tells its number and row; what pads the rows is 255, and must never be seen. */
function picture(number: number, width: number, height: number, stride: number): Buffer {
  const bytes = Buffer.alloc((stride * height * 3) / 2, 255);
  for (let y = 0; y < height; y += 1) bytes.fill((number * 7 + y) % 200, y * stride, y * stride + width);
  for (let row = 0; row < height; row += 1) {
    const start = stride * height + (row * stride) / 2;
    bytes.fill(128, start, start + width / 2);
  }
  return bytes;
}

function write(bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(255);
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function order(number: number): RpicamFault | undefined {
  const { orders, after, does } = behaviour;
  if (number === after) return does;
  if (orders === undefined || !existsSync(orders)) return undefined;
  const ordered = readFileSync(orders, 'utf8');
  if (ordered === '') return undefined; // it is being written
  rmSync(orders);
  return ordered as RpicamFault;
}

async function main(): Promise<number> {
  if (behaviour.refuses !== undefined) {
    process.stderr.write(`ERROR: *** ${behaviour.refuses} ***\n`);
    return 255;
  }
  const [most = Number.POSITIVE_INFINITY, highest = Number.POSITIVE_INFINITY] = behaviour.largest ?? [];
  const width = Math.min(Number(values.width), most);
  const height = Math.min(Number(values.height), highest);
  const align = behaviour.align ?? 64;
  const stride = Math.ceil(width / align) * align;
  const fps = Number(values.framerate);
  process.stderr.write(
    `[0:12:3.4] [99] INFO Camera camera.cpp:1197 configuring streams: (0) ${width}x${height}-YUV420/sYCC (1) 1536x864-SBGGR10_CSI2P\n`,
  );
  const stamps = values['save-pts'] === undefined ? undefined : openSync(values['save-pts'], 'w');
  if (stamps !== undefined) writeSync(stamps, '# timecode format v2\n');
  const count = Number(values.frames ?? Number.POSITIVE_INFINITY);
  let floods = false;
  for (let i = 0; i < count; i += 1) {
    switch (order(i)) {
      case 'exit':
        process.stderr.write('ERROR: *** Device timeout detected ***\n');
        return 255;
      case 'cut':
        write(picture(i, width, height, stride).subarray(0, 5000));
        return 255;
      case 'hang':
        await sleep(600_000);
        break;
      case 'flood':
        floods = true;
    }
    if (floods) process.stderr.write('WARN dropped\n'.repeat(20_000));
    write(picture(i, width, height, stride));
    const us = Math.round((i * 1e6) / fps);
    if (stamps !== undefined) writeSync(stamps, `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}\n`);
    await sleep(behaviour.periodMs ?? 1000 / fps);
  }
  return 0;
}

process.exitCode = await main();
