import { stillArguments } from './libcamera-arguments.js';
import { libcameraError } from './libcamera-error.js';
import { startLibcamera } from './libcamera-process.js';
import type { LibcameraSource } from './source.js';
import { sourceError } from './source-error.js';

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
