// node-libcamera's options are the words in which libcamera's programs are told what to do here; only its types are
// used. It would run the programs through a shell with no time-out, with every output in memory, under names that a new
// Raspberry Pi OS no longer has, and it passes `--hflip false` where something is not wanted.
import type { LibCamera } from 'node-libcamera/dist/LibCamera.js';
import type { ExitReason, SourceError } from '../../contract/errors.js';
import { RawProcess } from './raw-process.js';
import type { LibcameraSource } from './source.js';
import { sourceError } from './source-error.js';

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

/** By what they do; the second name is that on Raspberry Pi OS before Bookworm. */
const programs = { video: ['rpicam-vid', 'libcamera-vid'], still: ['rpicam-still', 'libcamera-still'] };

/**
 * Starts libcamera's program for videos or for stills.
 *
 * @throws {SourceError} ERR_SOURCE_PROGRAM
 */
export async function startLibcamera(
  source: LibcameraSource,
  does: keyof typeof programs,
  args: readonly string[],
): Promise<RawProcess> {
  const started = await RawProcess.start(programs[does], args);
  if (started !== undefined) return started;
  const what = `neither ${programs[does].join(' nor ')} is installed. Install the package rpicam-apps-lite`;
  throw libcameraError(source, 'PROGRAM', what);
}

/** How long a still may take, ms: the program measures the light for a second, and the largest sensors read slowly. */
const usualPatienceMs = 20_000;
/** The largest JPEG that is believed, bytes. */
const maxBytes = 64 * 1024 * 1024;

/**
 * A photograph at the sensor's full resolution, as JPEG. Nobody else may hold the camera.
 *
 * @throws {SourceError}
 */
export async function takeLibcameraStill(
  source: LibcameraSource,
  signal: AbortSignal,
  patienceMs = usualPatienceMs,
): Promise<Uint8Array> {
  await using program = await startLibcamera(source, 'still', stillArguments(source));
  const ends = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const interrupt = () => program.interrupt();
  ends.addEventListener('abort', interrupt);
  if (ends.aborted) interrupt();
  try {
    const jpeg = await program.all(maxBytes);
    if (isWholeJpeg(jpeg)) return jpeg;
    if (signal.aborted) {
      throw sourceError('ERR_SOURCE_READ', 'source', `libcamera:${source.camera}: the photograph was interrupted.`);
    }
    const late = ends.aborted ? `no still came within ${patienceMs / 1000} s` : undefined;
    throw libcameraError(source, 'OPEN', late ?? (await program.lastWords()) ?? 'sent no picture');
  } finally {
    ends.removeEventListener('abort', interrupt);
  }
}

function isWholeJpeg(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes.readUInt16BE(0) === 0xffd8 && bytes.readUInt16BE(bytes.length - 2) === 0xffd9;
}

type What = 'PROGRAM' | 'LAYOUT' | 'OPEN' | 'READ';

/** What the programs say when a camera is not to be had, and what to do then. */
const known: [words: RegExp, code: string, exit: ExitReason, advice: string][] = [
  [
    /no cameras available|selected camera is not available/i,
    'ERR_SOURCE_MISSING',
    'input',
    'Push the cable in fully, and see `rpicam-hello --list-cameras`',
  ],
  [
    /in use|failed to acquire|busy/i,
    'ERR_SOURCE_BUSY',
    'source',
    'Another program holds the camera: stop it, or ask a node that is running for a snapshot',
  ],
  [
    /permission denied/i,
    'ERR_SOURCE_ACCESS',
    'permission',
    'Join the group video: sudo usermod -aG video USER, then log in again',
  ],
  [
    /unrecogni[sz]ed option|invalid .*(?:option|mode|value)|the argument .* is invalid/i,
    'ERR_SOURCE_OPTION',
    'config',
    'This version of the program lacks an option of this camera’s settings: take it out, or update rpicam-apps',
  ],
  [/tuning|could not open file/i, 'ERR_SOURCE_OPTION', 'config', 'Check tuningFile in this camera’s settings'],
];

export function libcameraError({ camera }: LibcameraSource, what: What, words: string): SourceError {
  const [, code, exit, advice] = (what === 'PROGRAM' || what === 'LAYOUT'
    ? undefined
    : known.find(([pattern]) => pattern.test(words))) ?? [undefined, `ERR_SOURCE_${what}`, 'source' as const, ''];
  const end =
    advice || (what === 'READ' || what === 'OPEN' ? 'Check the cable, and that no other program holds the camera' : '');
  return sourceError(code, exit, `libcamera:${camera}: ${words.replace(/\.$/, '')}.${end && ` ${end}.`}`);
}
