import { ModelError } from '../contract/errors.js';
import { createBoxDecoder, suppress } from './box-decoder.js';
import type { Size } from './capture/input-size.js';
import type { Network } from './network.js';

/** Pictures that every network has to bear: nothing to see, everything at once, and a slope of light. */
const pictures: readonly ((i: number, size: Size) => number)[] = [
  () => 114,
  (i) => (i * 7919) % 256,
  (i, { width }) => Math.floor((256 * (Math.floor(i / 3) % width)) / width),
];

/**
 * Whether a network does what its card promises: its outputs have the promised sizes, hold numbers only, and can be made
 * into boxes. How right those are is for an evaluation to say.
 *
 * @param size of the input
 * @throws {ModelError} ERR_MODEL_SELF_TEST
 */
export async function selfTest(network: Network, size: Size): Promise<void> {
  const { card, path } = network.model;
  const fails = (what: string, cause?: unknown) => {
    const advice = 'The model is refused: check its card, or export it anew.';
    const message = `${path} fails its self-test at ${size.width}x${size.height}: ${what}. ${advice}`;
    return new ModelError('ERR_MODEL_SELF_TEST', 'model', message, { cause });
  };
  const decoder = createBoxDecoder(card, size);
  for (const picture of pictures) {
    const pixels = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => picture(i, size));
    try {
      const outputs = await network.run(network.prepare(pixels, size));
      for (const [name, values] of Object.entries(outputs)) {
        if (!values.every(Number.isFinite)) throw new RangeError(`output ${name} holds values that are no numbers`);
      }
      suppress(decoder.decode(outputs, 0.01), card.nmsIou);
    } catch (error) {
      throw fails((error as Error).message.replace(/\.$/, ''), error);
    }
  }
}
