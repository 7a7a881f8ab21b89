import { AV_PIX_FMT_GRAY8, SWS_AREA } from 'node-av/constants';
import { avGetPixFmtName, type Frame, SoftwareScaleContext } from 'node-av/lib';
import type { MotionSettings } from '../../config/schema.js';
import { fit, type Size } from './input-size.js';

type PixelFormat = Parameters<SoftwareScaleContext['getContext']>[2];

/** A cell is this many pixels of the network's input wide and high. The network finds nothing that fits into two. */
const cellPixels = 4;
/** One cell may flicker (a LED, a leaf); of two that changed, something may have come. */
const leastCells = 2;
/** After the last motion the network goes on looking for this long, so that what came to rest is seen well. */
const holdMs = 200;

/**
 * Tells still pictures from those that the network has to look at. The picture is averaged down to cells of grey
 * (FFmpeg's area scaling, native) and compared with the last picture that the network did look at, not with the one
 * before: what creeps is noticed as well. Some 0.05 ms a picture of 768x432.
 */
export class MotionGate implements Disposable {
  #context: SoftwareScaleContext | undefined;
  #key = '';
  #cells: Size = { width: 0, height: 0 };
  #hasLuma = false;
  #current = Buffer.alloc(0);
  #seen = Buffer.alloc(0);
  /** When the network last looked, and when something last moved; media time, milliseconds. */
  #seenMs: number | undefined;
  #movedMs = 0;

  constructor(
    private readonly settings: MotionSettings,
    private readonly input: Size,
  ) {}

  /**
   * Whether nothing has changed since the network last looked. Where the answer is no, the network is taken to look
   * at this picture.
   *
   * @param mediaMs time stamp of the picture, milliseconds
   * @param settled whether the scene would learn nothing from a second look at the same picture
   */
  isStill(frame: Frame, mediaMs: number, settled: boolean): boolean {
    if (!this.settings.gate) return false;
    this.#measure(frame);
    const known = this.#seenMs !== undefined && mediaMs >= this.#seenMs;
    const moves = !known || this.#changed();
    if (moves) this.#movedMs = mediaMs;
    const rests = !moves && mediaMs - this.#movedMs >= holdMs;
    const isFresh = known && mediaMs - (this.#seenMs ?? 0) < this.settings.refreshSeconds * 1000;
    if (settled && rests && isFresh) return true;
    [this.#current, this.#seen] = [this.#seen, this.#current];
    this.#seenMs = mediaMs;
    return false;
  }

  /** Media time starts over. */
  reset(): void {
    this.#seenMs = undefined;
  }

  [Symbol.dispose](): void {
    this.#context?.freeContext();
    this.#context = undefined;
  }

  /** Averages the picture into `#current`. */
  #measure(frame: Frame): void {
    this.#prepare(frame);
    const planes = (frame.data ?? []).filter((plane) => plane !== null).slice(0, this.#hasLuma ? 1 : undefined);
    const strides = frame.linesize.slice(0, planes.length);
    this.#context?.scaleSync(planes, strides, 0, frame.height, [this.#current], [this.#cells.width]);
  }

  /** Compares some thousands of cells in JavaScript: 0.01 ms. */
  #changed(): boolean {
    const { threshold } = this.settings;
    const count = this.#cells.width * this.#cells.height;
    let changed = 0;
    for (let i = 0; i < count; i += 1) {
      if (Math.abs((this.#current[i] ?? 0) - (this.#seen[i] ?? 0)) < threshold) continue;
      changed += 1;
      if (changed >= leastCells) return true;
    }
    return false;
  }

  /** A stream may change its size or format at any picture. */
  #prepare(frame: Frame): void {
    const key = `${frame.width}x${frame.height}/${frame.format}`;
    if (key === this.#key) return;
    this[Symbol.dispose]();
    this.#key = key;
    const { width, height } = fit(frame, this.input);
    this.#cells = { width: Math.ceil(width / cellPixels), height: Math.ceil(height / cellPixels) };
    const format = frame.format as PixelFormat;
    // Where the brightness is a plane of its own, bytes, nothing else need be read.
    this.#hasLuma = /^(yuvj?4[0-9]{2}p|nv(12|16|21|24|61)|gray)$/.test(avGetPixFmtName(format) ?? '');
    const from = this.#hasLuma ? AV_PIX_FMT_GRAY8 : format;
    const context = new SoftwareScaleContext();
    const { width: columns, height: rows } = this.#cells;
    context.getContext(frame.width, frame.height, from, columns, rows, AV_PIX_FMT_GRAY8, SWS_AREA);
    this.#context = context;
    const bytes = columns * rows + 64; // libswscale's vector code may write a little past a row's end
    this.#current = Buffer.alloc(bytes);
    this.#seen = Buffer.alloc(bytes);
    this.#seenMs = undefined;
  }
}
