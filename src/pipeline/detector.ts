import type { Detection } from '../contract/detection.js';
import { type BoxDecoder, createBoxDecoder } from './box-decoder.js';
import type { Size } from './capture/input-size.js';
import type { Network } from './network.js';
import { type Candidates, suppress } from './nms.js';
import type { StageClock } from './stage-clock.js';

/** A picture as the network's input. */
export interface Pixels {
  /** uint8 [height, width, 3] of `input`, RGB. */
  bytes: Uint8Array<ArrayBuffer>;
  input: Size;
  /** The part of the input, from the top left, that the picture covers. */
  fitted: Size;
}

/** From pixels to detections: network, box decoding, suppression. */
export class Detector {
  /** Of the last `detect`: the network alone, milliseconds. */
  inferenceMs = 0;
  readonly #decoders = new Map<string, BoxDecoder>();

  /** @param first does the first `detect` of each input size, which may take minutes where TensorRT builds an engine for it */
  constructor(
    private readonly network: Network,
    private readonly first: <T>(detect: () => Promise<T>) => Promise<T> = (detect) => detect(),
  ) {}

  /**
   * @param minScore 0..1; lower ones are not looked at
   * @param clock is told when the network has run, and when its boxes are decoded
   */
  async detect(pixels: Pixels, minScore: number, clock?: StageClock): Promise<Detection[]> {
    const detect = () => this.#detect(pixels, minScore, clock);
    return this.#decoders.has(keyOf(pixels.input)) ? detect() : this.first(detect);
  }

  async #detect(pixels: Pixels, minScore: number, clock?: StageClock): Promise<Detection[]> {
    const { classes, nmsIou } = this.network.model.card;
    const input = this.network.prepare(pixels.bytes, pixels.input);
    const before = performance.now();
    const outputs = await this.network.run(input);
    this.inferenceMs = performance.now() - before;
    clock?.('inference');
    const candidates = this.#decoder(pixels.input).decode(outputs, minScore);
    const detections = suppress(candidates, nmsIou)
      .map((i) => toDetection(candidates, i, pixels.fitted, classes))
      .filter(({ box: [left, top, right, bottom] }) => right > left && bottom > top); // the rest lies in the grey fill
    clock?.('decode boxes');
    return detections;
  }

  /** Cameras of one shape share a decoder. */
  #decoder(input: Size): BoxDecoder {
    const key = keyOf(input);
    let decoder = this.#decoders.get(key);
    if (decoder === undefined) {
      decoder = createBoxDecoder(this.network.model.card, input);
      this.#decoders.set(key, decoder);
    }
    return decoder;
  }
}

function keyOf({ width, height }: Size): string {
  return `${width}x${height}`;
}

function toDetection(from: Candidates, i: number, fitted: Size, classes: readonly string[]): Detection {
  const fraction = (value: number | undefined, size: number) => Math.min(1, (value ?? 0) / size);
  return {
    class: classes[from.classes[i] ?? 0] ?? '?',
    score: from.scores[i] ?? 0,
    box: [
      fraction(from.boxes[4 * i], fitted.width),
      fraction(from.boxes[4 * i + 1], fitted.height),
      fraction(from.boxes[4 * i + 2], fitted.width),
      fraction(from.boxes[4 * i + 3], fitted.height),
    ],
  };
}
