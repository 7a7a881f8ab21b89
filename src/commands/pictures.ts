import { basename, extname } from 'node:path';
import { FfmpegSource } from '../pipeline/capture/ffmpeg-source.js';
import type { InputOptions } from '../pipeline/capture/input-size.js';
import type { Picture } from '../pipeline/capture/picture-source.js';
import { Preparation } from '../pipeline/capture/preparation.js';
import { parseSource } from '../pipeline/capture/source.js';
import type { Pixels } from '../pipeline/network.js';

/** A picture of a file, ready for a network. */
export interface ReadPicture {
  file: string;
  /** Of a clip only, from 0. */
  frame: number | undefined;
  /** Valid until the next one is asked for, as `tensor` is. */
  picture: Picture;
  tensor: Pixels;
}

/**
 * All pictures of all files, one after the other, prepared by the very code that cameras go through.
 *
 * @throws {SourceError} at the first file that can't be read or decoded
 */
export async function* picturesOf(files: readonly string[], input: InputOptions): AsyncGenerator<ReadPicture, void> {
  for (const file of files) {
    await using source = new FfmpegSource(asFile(file));
    const facts = await source.open();
    using preparation = new Preparation(input);
    const bytes = preparation.memoryFor(facts);
    const isClip = facts.frames !== 1;
    for (let frame = 0; ; frame += 1) {
      const picture = await source.next();
      if (picture === undefined) break;
      const { tensor } = preparation.prepare(picture.frame, picture.mediaMs, bytes);
      yield { file, frame: isClip ? frame : undefined, picture, tensor };
    }
  }
}

/** Names on a command line are files, whatever they look like. */
function asFile(name: string) {
  const source = parseSource(name === 'demo' ? name : `file:${name}`);
  if (source.kind !== 'ffmpeg') throw new TypeError(`${name} is no file`);
  return source;
}

/** A file's name without its folder and extension; a clip's pictures are numbered. */
export function plainName(file: string, frame: number | undefined): string {
  const name = basename(file, extname(file));
  return frame === undefined ? name : `${name}-${String(frame).padStart(6, '0')}`;
}

/** A picture keeps its name, but what it is written as has to fit it. */
export function annotatedName(file: string, frame: number | undefined): string {
  const extension = extname(file);
  const keeps = frame === undefined && /^\.(jpe?g|png)$/i.test(extension);
  return `${plainName(file, frame)}${keeps ? extension : '.jpg'}`;
}
