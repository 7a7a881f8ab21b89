import { avGetPixFmtName, SoftwareScaleContext } from 'node-av/lib';
import type { SourceError } from '../../contract/errors.js';
import type { Size } from './input-size.js';
import type { PixelFormat } from './own-frame.js';
import { sourceError } from './source-error.js';

type How = Parameters<SoftwareScaleContext['getContext']>[6];

/**
 * Makes what scales pictures of one size and format into those of another.
 *
 * @throws {SourceError} ERR_SOURCE_FORMAT where libswscale does not know the format: the memory of a graphics card
 */
export function scaleContext(
  from: Size,
  fromFormat: PixelFormat,
  to: Size,
  toFormat: PixelFormat,
  how: How,
): SoftwareScaleContext {
  const context = new SoftwareScaleContext();
  try {
    context.getContext(from.width, from.height, fromFormat, to.width, to.height, toFormat, how);
  } catch (cause) {
    throw unknownFormat(fromFormat, cause);
  }
  return context;
}

function unknownFormat(format: PixelFormat, cause: unknown): SourceError {
  const what = `its pictures are of a format that can’t be scaled (${avGetPixFmtName(format)})`;
  return sourceError('ERR_SOURCE_FORMAT', 'source', `${what}. Try it with decoder: software.`, cause);
}
