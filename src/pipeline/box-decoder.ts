import type { ModelCard } from '../contract/model-card.js';
import type { Size } from './capture/input-size.js';
import { MinspnetDecoder } from './decode.js';
import { FastestdetDecoder } from './decode-fastestdet.js';
import { YoloxDecoder } from './decode-yolox.js';
import type { Candidates } from './nms.js';

/** What a network gives, by the name of the output. */
export type NetworkOutput = Readonly<Record<string, Float32Array>>;

/** Makes boxes of a network's outputs. */
export interface BoxDecoder {
  /**
   * @param minScore 0..1
   * @returns boxes in pixels of the input, clipped to it; valid until the next call
   * @throws {RangeError} when the outputs have another size than the card promises
   */
  decode(outputs: NetworkOutput, minScore: number): Candidates;
}

/** The decoder that a model's card asks for, for inputs of one size. */
export function createBoxDecoder({ classes, output }: ModelCard, input: Size): BoxDecoder {
  switch (output.decoder) {
    case 'minspnet':
      return new MinspnetDecoder(input, classes.length, output);
    case 'yolox':
      return new YoloxDecoder(input, classes.length, output);
    case 'fastestdet':
      return new FastestdetDecoder(input, classes.length, output);
  }
}

/** The outputs that a model's card names. */
export function outputNames({ output }: ModelCard): string[] {
  return output.decoder === 'minspnet' ? [output.logits, output.distances] : [output.output];
}
