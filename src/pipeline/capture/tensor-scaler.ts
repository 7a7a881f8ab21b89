import { AV_PIX_FMT_RGB24, SWS_AREA } from 'node-av/constants';
import { type Frame, SoftwareScaleContext } from 'node-av/lib';
import { fit, type Size } from './input-size.js';

/**
 * Scales pictures straight into tensor buffers: libswscale writes `rgb24` at the top left, and those bytes are the
 * network's input. What the picture doesn't cover keeps its grey.
 */
export class TensorScaler implements Disposable {
  #context: SoftwareScaleContext | undefined;
  #key = '';
  #fitted: Size = { width: 0, height: 0 };
  #refitted = false;

  constructor(
    private readonly input: Size,
    private readonly grey: number,
  ) {}

  /** @returns the size that the picture has inside the tensor. */
  scale(frame: Frame, buffer: ArrayBuffer): Size {
    this.#prepare(frame);
    // Once the picture has changed its size, any buffer may hold an older one that covered more.
    if (this.#refitted) new Uint8Array(buffer).fill(this.grey);
    const planes = (frame.data ?? []).filter((plane) => plane !== null);
    const strides = frame.linesize.slice(0, planes.length);
    this.#context?.scaleSync(planes, strides, 0, frame.height, [Buffer.from(buffer)], [this.input.width * 3]);
    return this.#fitted;
  }

  [Symbol.dispose](): void {
    this.#context?.freeContext();
    this.#context = undefined;
  }

  /** A stream may change its size or format at any picture. */
  #prepare(frame: Frame): void {
    const key = `${frame.width}x${frame.height}/${frame.format}`;
    if (key === this.#key) return;
    this.#refitted = this.#key !== '';
    this[Symbol.dispose]();
    this.#key = key;
    this.#fitted = fit(frame, this.input);
    this.#context = new SoftwareScaleContext();
    const { width, height } = this.#fitted;
    const format = frame.format as Parameters<SoftwareScaleContext['getContext']>[2];
    // Area averaging: every source pixel counts (no aliasing of small objects), and it is faster than bilinear here.
    this.#context.getContext(frame.width, frame.height, format, width, height, AV_PIX_FMT_RGB24, SWS_AREA);
  }
}
