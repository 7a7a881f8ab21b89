import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What cameras can be set to, as arguments of FFmpeg's program. */
const encodings = {
  small: ['-vf', 'scale=320:180', '-c:v', 'libx264', '-preset', 'ultrafast'],
  tall: ['-vf', 'scale=240:320', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-profile:v', 'high'],
  mpeg2: ['-vf', 'scale=320:240', '-c:v', 'mpeg2video', '-q:v', '4', '-r', '25'],
  hevc: ['-vf', 'scale=320:180', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none'],
};
export type Encoding = keyof typeof encodings;

/** Encodes the beginning of a clip in another way, with a picture each second that needs none before it. */
export async function encodeClip(
  clip: string,
  folder: string,
  encoding: Encoding,
  { container, seconds }: { container: 'h264' | 'ts'; seconds: number },
): Promise<string> {
  const path = join(folder, `${encoding}.${container}`);
  await ffmpeg('-t', String(seconds), '-i', clip, ...encodings[encoding], '-g', '15', '-an', path);
  return path;
}

/** Bare H.264 whose size and parameters change after so many seconds, again and again. */
export async function changingClip(clip: string, folder: string, seconds: number, changes: number): Promise<string> {
  const options = { container: 'h264', seconds } as const;
  const both = await Promise.all(
    (['small', 'tall'] as const).map(async (encoding) => readFile(await encodeClip(clip, folder, encoding, options))),
  );
  const path = join(folder, 'changing.h264');
  await writeFile(path, Buffer.concat(Array.from({ length: changes + 1 }, (_, i) => both[i % 2] as Buffer)));
  return path;
}

/** One picture of a clip, for 28 seconds. */
export async function stillClip(clip: string, folder: string, seconds: number): Promise<string> {
  const picture = join(folder, 'still.png');
  const path = join(folder, 'still.mp4');
  await ffmpeg('-ss', String(seconds), '-i', clip, '-frames:v', '1', picture);
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '15'];
  await ffmpeg('-loop', '1', '-r', '15', '-i', picture, '-t', '28', ...encoder, path);
  return path;
}

async function ffmpeg(...args: string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...args], { timeout: 60_000 });
}
