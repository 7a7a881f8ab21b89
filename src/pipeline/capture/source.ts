import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../../contract/errors.js';

/** A source that FFmpeg opens by itself. */
export interface FfmpegSource {
  kind: 'ffmpeg';
  url: string;
  /** Name of FFmpeg's demuxer where it can't be told from the URL. */
  format?: string;
  /** FFmpeg's own options for the demuxer and the protocol below it. */
  options: Record<string, string>;
  /** A live source can't be waited for: what is not taken in time is gone. */
  live: boolean;
}

/** A camera on the CSI connector of a Raspberry Pi, through `rpicam-vid`. */
export interface LibcameraSource {
  kind: 'libcamera';
  camera: number;
  live: true;
}

export type Source = FfmpegSource | LibcameraSource;

/** The clip that comes with us. Seen from dist/src/pipeline/capture. */
const demoClip = fileURLToPath(new URL('../../../../demo/street.mp4', import.meta.url));

/** How long a network source may stay silent, microseconds as FFmpeg wants it. */
const networkTimeout = String(10_000_000);

/**
 * What a `source` setting means: `demo`, a path, `file:PATH`, `rtsp://…`, `http(s)://…`, `v4l2:/dev/video0`,
 * `libcamera:0`.
 *
 * @throws {SourceError} ERR_SOURCE_UNKNOWN for another scheme.
 */
export function parseSource(text: string): Source {
  if (text === 'demo') return file(demoClip);
  const scheme = /^([a-z][a-z0-9+.-]+):/.exec(text)?.[1];
  switch (scheme) {
    case undefined:
      return file(resolve(text));
    case 'file':
      return file(text.startsWith('file://') ? fileURLToPath(text) : resolve(text.slice('file:'.length)));
    case 'rtsp':
    case 'rtsps':
      return { kind: 'ffmpeg', url: text, options: { rtsp_transport: 'tcp', timeout: networkTimeout }, live: true };
    case 'http':
    case 'https':
      return { kind: 'ffmpeg', url: text, options: { rw_timeout: networkTimeout }, live: true };
    case 'v4l2':
      return { kind: 'ffmpeg', url: text.slice('v4l2:'.length), format: 'v4l2', options: {}, live: true };
    case 'libcamera':
      return { kind: 'libcamera', camera: Number(text.slice('libcamera:'.length) || 0), live: true };
    default:
      throw new SourceError(
        'ERR_SOURCE_UNKNOWN',
        'config',
        `source "${text}": "${scheme}:" is no kind of source that we know. ` +
          'Use a path, demo, rtsp://…, http://…, v4l2:/dev/video0 or libcamera:0.',
      );
  }
}

function file(path: string): FfmpegSource {
  return { kind: 'ffmpeg', url: path, options: {}, live: false };
}
