import { AV_PIX_FMT_RGB24, SWS_AREA } from 'node-av/constants';
import { FFmpegError, type Frame, type SoftwareScaleContext } from 'node-av/lib';
import type { Box } from '../../contract/geometry.js';
import type { ModelInput } from '../../contract/model-card.js';
import { fit, type Size } from './input-size.js';
import { canCut, cutPlanes } from './planes.js';
import { type PixelRegion, pixelRegion } from './region.js';
import {
  colourConverter,
  coloursOf,
  type OwnFrame,
  ownFrame,
  type PixelFormat,
  plainFormat,
  planesOf,
  scaleContext,
} from './scaling.js';

/**
 * Scales pictures into tensors: libswscale makes them small, then `rgb24`, and those bytes at the top left of the tensor
 * are the network's input. What the picture doesn't cover keeps its grey.
 */
export class TensorScaler implements Disposable {
  /** The part that is scaled, if it is not the whole picture. */
  region: PixelRegion | undefined;
  /** Only for a region of a format whose planes we can't cut. */
  #toCut: SoftwareScaleContext | undefined;
  #cut: OwnFrame | undefined;
  #toSmall: SoftwareScaleContext | undefined;
  #toRgb: SoftwareScaleContext | undefined;
  /** The picture at its size in the tensor, first with its own colours; one and the same for an RGB picture. */
  #small: OwnFrame | undefined;
  #rgb: OwnFrame | undefined;
  #key = '';
  #fitted: Size = { width: 0, height: 0 };
  #refitted = false;

  constructor(
    private readonly input: Size,
    private readonly grey: number,
    private readonly resize: ModelInput['resize'] = 'fit',
    private readonly wanted?: Box,
  ) {}

  /**
   * @param tensor uint8 [height, width, 3] of the input
   * @returns the size that the picture has inside the tensor
   */
  scale(frame: Frame, tensor: Uint8Array): Size {
    this.#prepare(frame);
    // Once the picture has changed its size, any tensor may hold an older one that covered more.
    if (this.#refitted) tensor.fill(this.grey);
    const [small, rgb] = [this.#small, this.#rgb];
    if (small === undefined || rgb === undefined) return this.#fitted;
    if (this.region === undefined) check(this.#toSmall?.scaleFrameSync(small.frame, frame));
    else this.#scaleRegion(frame, this.region, small);
    check(this.#toRgb?.scaleFrameSync(rgb.frame, small.frame));
    this.#copy(rgb, tensor);
    return this.#fitted;
  }

  [Symbol.dispose](): void {
    this.#toCut?.freeContext();
    this.#toSmall?.freeContext();
    this.#toRgb?.freeContext();
    this.#cut?.frame.free();
    this.#small?.frame.free();
    if (this.#rgb !== this.#small) this.#rgb?.frame.free();
    this.#toCut = this.#toSmall = this.#toRgb = this.#cut = this.#small = this.#rgb = undefined;
  }

  #scaleRegion(frame: Frame, region: PixelRegion, small: OwnFrame): void {
    if (this.#cut !== undefined) check(this.#toCut?.scaleFrameSync(this.#cut.frame, frame));
    const whole = this.#cut ?? planesOf(frame);
    const part = cutPlanes(whole, (this.#cut?.frame ?? frame).format, region);
    check(this.#toSmall?.scaleSync(part.data, part.strides, 0, region.height, small.data, small.strides));
  }

  /** Rows without what pads them; some microseconds. */
  #copy({ data: [pixels], strides: [stride = 0] }: OwnFrame, tensor: Uint8Array): void {
    const { width, height } = this.#fitted;
    for (let y = 0; y < height; y += 1) {
      tensor.set(pixels?.subarray(y * stride, y * stride + width * 3) ?? [], y * this.input.width * 3);
    }
  }

  /** A stream may change its size, format or colours at any picture. */
  #prepare(frame: Frame): void {
    const key = [frame.width, frame.height, frame.format, frame.colorSpace, frame.colorRange].join();
    if (key === this.#key) return;
    this.#refitted ||= this.#key !== '';
    this[Symbol.dispose]();
    this.#key = ''; // until all of it is made
    this.region = this.wanted && pixelRegion(this.wanted, frame);
    const from: Size = this.region ?? frame;
    this.#fitted = this.resize === 'fit' ? fit(from, this.input) : this.input;
    const plain = plainFormat(frame.format);
    let format = frame.format as PixelFormat;
    if (this.region !== undefined && !canCut(format)) {
      this.#toCut = scaleContext(frame, format, frame, plain, SWS_AREA);
      this.#cut = ownFrame(frame, plain);
      format = plain;
    }
    // Area averaging: every pixel of the picture counts (no aliasing of small objects), and it is faster than bilinear.
    this.#toSmall = scaleContext(from, format, this.#fitted, plain, SWS_AREA);
    this.#small = this.#rgb = ownFrame(this.#fitted, plain);
    if (plain !== AV_PIX_FMT_RGB24) {
      Object.assign(this.#small.frame, coloursOf(frame));
      this.#rgb = ownFrame(this.#fitted, AV_PIX_FMT_RGB24);
      this.#toRgb = colourConverter();
    }
    this.#key = key;
  }
}

function check(code: number | undefined): void {
  FFmpegError.throwIfError(code ?? 0, 'scaling a picture');
}
