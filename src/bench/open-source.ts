import { createSource } from '../pipeline/capture/create-source.js';
import type { PictureSource } from '../pipeline/capture/picture-source.js';
import { parseSource } from '../pipeline/capture/source.js';

/** A camera's `source` setting on this thread. */
export function openSource(name: string): PictureSource {
  return createSource(parseSource(name));
}
