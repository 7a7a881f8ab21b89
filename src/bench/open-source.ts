import { FfmpegSource } from '../pipeline/capture/ffmpeg-source.js';
import { LibcameraSource } from '../pipeline/capture/libcamera-source.js';
import type { PictureSource } from '../pipeline/capture/picture-source.js';
import { parseSource } from '../pipeline/capture/source.js';

/** A camera's `source` setting on this thread. */
export function openSource(name: string): PictureSource {
  const source = parseSource(name);
  return source.kind === 'ffmpeg' ? new FfmpegSource(source) : new LibcameraSource(source);
}
