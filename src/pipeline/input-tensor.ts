import { Tensor } from 'onnxruntime-node';
import type { ModelInput } from '../contract/model-card.js';
import type { Size } from './capture/input-size.js';

/**
 * Turns pictures into what a network is fed with. Our own networks take the picture's bytes as they are; for others
 * every value is moved, and changed by a table, on this thread.
 */
export class InputTensor {
  /** The new value of each byte, by channel of the picture: red, green, blue. Undefined: as it is. */
  readonly #tables: Float32Array[] | undefined;

  constructor(private readonly input: ModelInput) {
    const { layout, type, colour } = input;
    if (layout === 'nhwc' && type === 'uint8' && colour === 'rgb') return;
    this.#tables = [0, 1, 2].map((channel) => {
      const to = this.#target(channel);
      const mean = input.mean[to] ?? 0;
      const std = input.std[to] ?? 1;
      return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / std);
    });
  }

  /** @param pixels uint8 [1, height, width, 3], RGB; the tensor may share its memory */
  make(pixels: Uint8Array, { width, height }: Size): Tensor {
    const { layout, type } = this.input;
    const shape = layout === 'nhwc' ? [1, height, width, 3] : [1, 3, height, width];
    if (this.#tables === undefined) return new Tensor('uint8', pixels, shape);
    const plane = width * height;
    const values = type === 'uint8' ? new Uint8Array(3 * plane) : new Float32Array(3 * plane);
    this.#tables.forEach((table, channel) => {
      const to = this.#target(channel);
      const [start, step] = layout === 'nhwc' ? [to, 3] : [to * plane, 1];
      for (let i = 0, from = channel, at = start; i < plane; i += 1, from += 3, at += step) {
        values[at] = table[pixels[from] as number] as number;
      }
    });
    return values instanceof Uint8Array ? new Tensor('uint8', values, shape) : new Tensor('float32', values, shape);
  }

  /** Where a channel of the picture goes. */
  #target(channel: number): number {
    return this.input.colour === 'rgb' ? channel : 2 - channel;
  }
}
