import { FfmpegSource } from './ffmpeg-source.js';
import { GstreamerSource } from './gstreamer-source.js';
import { HttpSource } from './http-source.js';
import { LibcameraSource } from './libcamera-source.js';
import type { PacketRing } from './packet-ring.js';
import type { PictureSource } from './picture-source.js';
import type { Source } from './source.js';
import { V4l2Source } from './v4l2-source.js';

/**
 * What reads pictures from a source; it is not open yet.
 *
 * @param ring is given the packets of a source that FFmpeg reads
 */
export function createSource(source: Source, ring?: PacketRing): PictureSource {
  switch (source.kind) {
    case 'ffmpeg':
      return new FfmpegSource(source, undefined, undefined, ring);
    case 'http':
      return new HttpSource(source);
    case 'v4l2':
      return new V4l2Source(source);
    case 'libcamera':
      return new LibcameraSource(source);
    case 'gstreamer':
      return new GstreamerSource(source);
  }
}
