import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maskUrl } from '../../config/mask.js';
import type { CameraSettings } from '../../config/schema.js';
import { SourceError } from '../../contract/errors.js';
import type { Size } from './input-size.js';
import { networkSource } from './network-address.js';

/** What decodes: see the setting `decoder`. */
export type DecoderChoice = NonNullable<CameraSettings['decoder']>;

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
  decoder: DecoderChoice;
  /** Which of several videos; the largest where it is not given. */
  stream?: 'largest' | 'smallest' | number;
  /** Of a network source. */
  network?: {
    host: string;
    /** How long opening may take, and how long the camera may then be silent, milliseconds. */
    timeoutMs: number;
  };
}

/** A USB camera, or another device that the kernel shows as one. */
export interface V4l2Source {
  kind: 'v4l2';
  device: string;
  format: NonNullable<NonNullable<CameraSettings['v4l2']>['format']>;
  size?: Size;
  fps?: number;
  decoder: DecoderChoice;
  live: true;
}

/** A camera on the CSI connector of a Raspberry Pi, through `rpicam-vid`. */
export interface LibcameraSource {
  kind: 'libcamera';
  camera: number;
  size: Size;
  fps: number;
  options: NonNullable<CameraSettings['libcamera']>;
  live: true;
}

/** A pipeline that `gst-launch-1.0` runs. */
export interface GstreamerSource {
  kind: 'gstreamer';
  /** Ends in raw video; what makes bytes of it is added when it is run. */
  pipeline: string;
  live: true;
}

export type Source = FfmpegSource | V4l2Source | LibcameraSource | GstreamerSource;

/** The settings of a camera that say how its source is opened. */
export type SourceOptions = Partial<
  Pick<CameraSettings, 'size' | 'captureFps' | 'decoder' | 'libcamera' | 'v4l2' | 'network'>
>;

/** The clip that comes with us. Seen from dist/src/pipeline/capture. */
const demoClip = fileURLToPath(new URL('../../../../demo/street.mp4', import.meta.url));

/** A multiple of 128 pixels, so that no row is padded on any board; and what most sensors have a mode for. */
const libcameraSize = { width: 1280, height: 720 };
const jetsonSize = { width: 1280, height: 720 };
const usualFps = 30;

/**
 * What a `source` setting means: `demo`, a path, `file:PATH`, `rtsp(s)://…`, `http(s)://…`, `v4l2:/dev/video0`,
 * `libcamera:0`, `gstreamer:PIPELINE`, `gstreamer:jetson-csi`.
 *
 * @throws {SourceError} ERR_SOURCE_UNKNOWN for another scheme.
 */
export function parseSource(text: string, options: SourceOptions = {}): Source {
  if (text === 'demo') return file(demoClip);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase();
  const rest = text.slice((scheme?.length ?? -1) + 1);
  switch (scheme) {
    case undefined:
      return file(resolve(text));
    case 'file':
      return file(text.startsWith('file://') ? fileURLToPath(text) : resolve(rest));
    case 'rtsp':
    case 'rtsps':
    case 'http':
    case 'https':
      return networkSource(scheme, text, options);
    case 'v4l2':
      return v4l2(rest, options);
    case 'libcamera':
      return {
        kind: 'libcamera',
        camera: Number(rest || 0),
        size: sizeOf(options) ?? libcameraSize,
        fps: options.captureFps ?? usualFps,
        options: options.libcamera ?? {},
        live: true,
      };
    case 'gstreamer':
      return { kind: 'gstreamer', pipeline: pipelineOf(rest, options), live: true };
    default:
      throw new SourceError(
        'ERR_SOURCE_UNKNOWN',
        'config',
        `source "${maskUrl(text)}": "${scheme}:" is no kind of source that we know. ` +
          'Use a path, demo, rtsp://…, http://…, v4l2:/dev/video0, libcamera:0 or gstreamer:….',
      );
  }
}

function file(path: string): FfmpegSource {
  return { kind: 'ffmpeg', url: path, options: {}, live: false, decoder: 'software' };
}

function v4l2(device: string, options: SourceOptions): V4l2Source {
  const size = sizeOf(options);
  return {
    kind: 'v4l2',
    device,
    format: options.v4l2?.format ?? 'auto',
    ...(size && { size }),
    ...(options.captureFps !== undefined && { fps: options.captureFps }),
    decoder: options.decoder ?? 'auto',
    live: true,
  };
}

function sizeOf({ size }: SourceOptions): Size | undefined {
  return size && { width: size[0], height: size[1] };
}

/** `jetson-csi:1` is the second camera on a CSI connector of a Jetson; the camera's ISP brings size and rate. */
function pipelineOf(text: string, options: SourceOptions): string {
  const camera = /^\s*jetson-csi(?::(\d+))?\s*$/.exec(text);
  if (camera === null) return text;
  const { width, height } = sizeOf(options) ?? jetsonSize;
  const rate = options.captureFps ?? usualFps;
  return [
    `nvarguscamerasrc sensor-id=${camera[1] ?? 0}`,
    `video/x-raw(memory:NVMM),width=${width},height=${height},framerate=${fraction(rate)}`,
    'nvvidconv', // out of the memory of the GPU
    'video/x-raw,format=I420',
  ].join(' ! ');
}

/** GStreamer wants whole numbers: 29.97 is 2997/100. */
function fraction(rate: number): string {
  return Number.isInteger(rate) ? `${rate}/1` : `${Math.round(rate * 100)}/100`;
}
