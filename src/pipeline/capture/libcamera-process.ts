import { libcameraError } from './libcamera-error.js';
import { RawProcess } from './raw-process.js';
import type { LibcameraSource } from './source.js';

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
