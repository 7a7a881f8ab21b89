import { Scaler, type ScalerCrop } from 'node-av/api';
import type { Frame } from 'node-av/lib';
import type { Box } from '../../contract/geometry.js';
import type { Size } from './input-size.js';

export interface SnapshotOptions {
  /** JPEG quality, 1..100. */
  quality: number;
  /** Longest side, pixels. */
  maxSize: number;
}

/** How much of the surroundings a snapshot shows, as a share of the box on each side. */
const margin = 0.25;

/** Cuts objects out of pictures as JPEG. Keeps its scaler and encoders from one to the next. */
export class SnapshotEncoder implements Disposable {
  /** Nearly every crop has a size of its own, so there is nothing to gain from keeping encoders (16 by default). */
  readonly #scaler = new Scaler({ maxCacheSize: 1 });

  constructor(private readonly options: SnapshotOptions) {}

  /** @param box in fractions of the picture */
  encode(frame: Frame, box: Box): Uint8Array {
    const crop = cropAround(box, frame);
    const shrink = Math.min(1, this.options.maxSize / Math.max(crop.width, crop.height));
    const resize = { width: even(crop.width * shrink), height: even(crop.height * shrink) };
    return this.#scaler.toJpegSync(frame, { crop, resize, quality: this.options.quality });
  }

  [Symbol.dispose](): void {
    this.#scaler[Symbol.dispose]();
  }
}

/** The box with its margin, inside the picture, on even pixels (chroma is stored for two by two). */
function cropAround([left, top, right, bottom]: Box, picture: Size): ScalerCrop {
  const padX = (right - left) * margin;
  const padY = (bottom - top) * margin;
  const x = even((left - padX) * picture.width);
  const y = even((top - padY) * picture.height);
  return {
    x,
    y,
    width: Math.max(2, Math.min(even((right + padX) * picture.width) - x, even(picture.width) - x)),
    height: Math.max(2, Math.min(even((bottom + padY) * picture.height) - y, even(picture.height) - y)),
  };
}

function even(value: number): number {
  return Math.max(0, Math.floor(value / 2) * 2);
}
