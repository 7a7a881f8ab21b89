import type { Box } from '../../contract/geometry.js';
import type { ModelInput } from '../../contract/model-card.js';
import type { Size } from './input-size.js';

export interface SnapshotOptions {
  /** JPEG quality, 1..100. */
  quality: number;
  /** Longest side, pixels. */
  maxSize: number;
  /** What would be larger is made again with fewer pixels; any size is allowed if it is not given. Bytes. */
  maxBytes?: number;
  /** The object is outlined. */
  drawBox?: boolean;
  /** Surroundings, as a share of the box on each side; a quarter where it is not given. */
  margin?: number;
}

/** What is wanted of a picture: a box with its surroundings as JPEG, or the box itself as a network’s input. */
export interface Cut {
  /** Fractions of the picture. */
  box: Box;
  /** In place of those of snapshots. */
  options?: SnapshotOptions;
  /** In place of a JPEG: uint8 [height, width, 3] of `input`, RGB. */
  tensor?: { input: Size; fill: number; resize: ModelInput['resize'] };
}

/** A picture at its own size. */
export const fullPicture: SnapshotOptions = { quality: 92, maxSize: Number.POSITIVE_INFINITY };

/** The size that a JPEG's first frame header states; undefined if there is none. */
export function jpegSize(jpeg: Uint8Array): Size | undefined {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 9 <= view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    // SOF0 to SOF15, without the three tables whose numbers lie between them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
