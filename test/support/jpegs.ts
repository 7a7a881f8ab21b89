import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pictures as JPEG, each another one of a moving pattern; `ffmpeg` makes them. */
export function makePictures(
  folder: string,
  { width, height, count }: { width: number; height: number; count: number },
) {
  const source = `testsrc2=s=${width}x${height}:r=10:d=10`;
  const output = ['-frames:v', String(count), '-q:v', '3', '-pix_fmt', 'yuvj420p', join(folder, '%d.jpg')];
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...output]);
  return Array.from({ length: count }, (_, i) => readFileSync(join(folder, `${i + 1}.jpg`)));
}
