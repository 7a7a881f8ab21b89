// node-libcamera's options are the words in which libcamera's programs are told what to do here; only its types are
// used. It would run the programs through a shell with no time-out, with every output in memory, under names that a new
// Raspberry Pi OS no longer has, and it passes `--hflip false` where something is not wanted.
import type { LibCamera } from 'node-libcamera/dist/LibCamera.js';
import type { LibcameraSource } from './source.js';

/** What that package does not know: some of it is newer. */
interface OtherOptions {
  camera: number;
  framerate: number;
  frames: number;
  'autofocus-mode': 'manual' | 'auto' | 'continuous';
  'lens-position': number;
}
type AllOptions = LibCamera.OptionsObject & OtherOptions;
/** How long the camera measures light and colours before a still, ms. */
const settleMs = 1000;
/** JPEG, 1..100: twelve megapixels stay below what brokers take in one message. */
const stillQuality = 85;

type Options = { [Name in keyof AllOptions]?: AllOptions[Name] | undefined };

/** Raw pictures without an end (or as many as `frames`) to standard output. */
export function videoArguments(source: LibcameraSource, more: { savePts?: string; frames?: number } = {}): string[] {
  return toArguments({
    ...common(source),
    codec: 'yuv420',
    width: source.size.width,
    height: source.size.height,
    framerate: source.fps,
    timeout: 0,
    flush: true, // a time stamp as soon as its picture
    'save-pts': more.savePts,
    frames: more.frames,
    output: '-',
  });
}

/** One JPEG at the sensor's full resolution to standard output. */
export function stillArguments(source: LibcameraSource): string[] {
  return toArguments({
    ...common(source),
    encoding: 'jpg',
    quality: stillQuality,
    timeout: settleMs,
    output: '-',
  });
}

function common({ camera, options }: LibcameraSource): Options {
  const { roi, shutterMicroseconds, awbGains, tuningFile, autofocus, lensPosition, ...same } = options;
  return {
    camera,
    nopreview: true,
    ...same, // the options that have the same name and the same values there
    shutter: shutterMicroseconds,
    awbgains: awbGains,
    roi: roi && { x: roi[0], y: roi[1], w: roi[2], h: roi[3] },
    'tuning-file': tuningFile,
    'autofocus-mode': autofocus,
    'lens-position': lensPosition,
  };
}

function toArguments(options: Options): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    const list = typeof value === 'object' ? Object.values(value) : [value]; // [red, blue], {x, y, w, h}
    return [`--${name}`, list.join(',')];
  });
}
