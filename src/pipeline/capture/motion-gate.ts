import { AV_PIX_FMT_GRAY8, SWS_AREA } from 'node-av/constants';
import { avGetPixFmtName, FFmpegError, type Frame, type SoftwareScaleContext } from 'node-av/lib';
import type { MotionSettings } from '../../config/schema.js';
import type { Box } from '../../contract/geometry.js';
import { fit, type Size } from './input-size.js';
import { type PixelRegion, pixelRegion } from './region.js';
import { type OwnFrame, ownFrame, type PixelFormat, scaleContext } from './scaling.js';

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
  /** The cells of this picture, and of the one that the network last looked at. */
  #current: OwnFrame | undefined;
  #seen: OwnFrame | undefined;
  /** The cells that the network would look at. */
  #watched: PixelRegion = { x: 0, y: 0, width: 0, height: 0 };
  /** When the network last looked, and when something last moved; media time, milliseconds. */
  #seenMs: number | undefined;
  #movedMs = 0;
  /** So many looks are due, whether something moves or not. */
  #due = 0;

  /**
   * @param input pixels of the network's input, if all that it looks at were in it
   * @param region the part of the picture that the network looks at, where it is not all of it
   * @param looks so many of them, one after the other, show all of it
   */
  constructor(
    private readonly settings: MotionSettings,
    private readonly input: Size,
    private readonly region: Box = [0, 0, 1, 1],
    private readonly looks = 1,
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
    if (moves || !isFresh) this.#due = this.looks;
    if (settled && rests && this.#due === 0) return true;
    this.#due = Math.max(0, this.#due - 1);
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
    this.#current?.frame.free();
    this.#seen?.frame.free();
    this.#context = this.#current = this.#seen = undefined;
  }

  /** Averages the picture into `#current`. */
  #measure(frame: Frame): void {
    this.#prepare(frame);
    if (this.#context === undefined || this.#current === undefined) return;
    FFmpegError.throwIfError(this.#context.scaleFrameSync(this.#current.frame, frame), 'averaging a picture');
  }

  /** Compares some thousands of cells in JavaScript: 0.01 ms. */
  #changed(): boolean {
    const { threshold } = this.settings;
    const [current, seen] = [this.#current?.data[0], this.#seen?.data[0]];
    if (current === undefined || seen === undefined) return true;
    const { x, y, width, height } = this.#watched;
    const stride = this.#current?.strides[0] ?? 0;
    let changed = 0;
    for (let row = y; row < y + height; row += 1) {
      for (let i = row * stride + x; i < row * stride + x + width; i += 1) {
        if (Math.abs((current[i] ?? 0) - (seen[i] ?? 0)) < threshold) continue;
        changed += 1;
        if (changed >= leastCells) return true;
      }
    }
    return false;
  }

  /** A stream may change its size or format at any picture. */
  #prepare(frame: Frame): void {
    const key = `${frame.width}x${frame.height}/${frame.format}`;
    if (key === this.#key) return;
    this[Symbol.dispose]();
    this.#key = ''; // until all of it is made
    const cells = this.#divide(frame);
    const format = frame.format as PixelFormat;
    // Where the brightness is a plane of its own, bytes, nothing else need be read.
    const hasLuma = /^(yuvj?4[0-9]{2}p|nv(12|16|21|24|61)|gray)$/.test(avGetPixFmtName(format) ?? '');
    const from = hasLuma ? AV_PIX_FMT_GRAY8 : format;
    this.#context = scaleContext(frame, from, cells, AV_PIX_FMT_GRAY8, SWS_AREA);
    const rowAlign = 1; // no bytes between the rows
    this.#current = ownFrame(cells, AV_PIX_FMT_GRAY8, rowAlign);
    this.#seen = ownFrame(cells, AV_PIX_FMT_GRAY8, rowAlign);
    this.#seenMs = undefined;
    this.#key = key;
  }

  /** Cells for the whole picture, as fine as the region's; cutting the region out would cost a few Buffers a picture. */
  #divide(picture: Size): Size {
    const region = pixelRegion(this.region, picture);
    const { width, height } = fit(region, this.input);
    const across = Math.ceil(width / cellPixels) / region.width;
    const down = Math.ceil(height / cellPixels) / region.height;
    const [x, y] = [Math.round(region.x * across), Math.round(region.y * down)];
    const right = Math.round((region.x + region.width) * across);
    const bottom = Math.round((region.y + region.height) * down);
    this.#watched = { x, y, width: right - x, height: bottom - y };
    return { width: Math.round(picture.width * across), height: Math.round(picture.height * down) };
  }
}
