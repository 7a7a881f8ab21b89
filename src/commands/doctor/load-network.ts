import { parseArgs } from 'node:util';
import type { RuntimeSettings } from '../../config/schema.js';
import { asMinspnetError, type SerialisedError } from '../../contract/errors.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import { loadedLibrary } from '../../device/runtime-library.js';
import type { ActiveProvider } from '../../pipeline/provider.js';

/** What this program prints, as JSON. */
export type LoadedNetwork =
  | {
      provider: ActiveProvider;
      /** Path of the ONNX Runtime library that runs. */
      library: string | undefined;
      /** Of all values of the first output for one picture: what providers may be compared by. */
      sum: number;
    }
  | { error: SerialisedError };

// A program of its own, as the engine is one: `--model` and `--runtime` (JSON) are loaded, the network looks at one
// picture, and what ran is printed. A library that is named has to be there when a process starts, and native code that
// this chip can't run takes this process along and not the one that asks.
const { values } = parseArgs({ options: { model: { type: 'string' }, runtime: { type: 'string' } } });

async function main(): Promise<LoadedNetwork> {
  try {
    const { Network } = await import('../../pipeline/network.js');
    const { selfTest } = await import('../../pipeline/self-test.js');
    const model = JSON.parse(values.model ?? '') as VerifiedModel;
    await using network = await Network.load(model, JSON.parse(values.runtime ?? '') as RuntimeSettings);
    const [width, height] = model.card.input.fixed ?? [320, 192];
    const size = { width, height };
    await selfTest(network, size);
    const pixels = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => (i * 7919) % 256);
    const outputs = await network.run(network.prepare(pixels, size));
    const [first = new Float32Array()] = Object.values(outputs);
    const sum = first.reduce((total, value) => total + value, 0);
    return { provider: network.provider, library: loadedLibrary(), sum };
  } catch (error) {
    return { error: asMinspnetError(error).serialise() };
  }
}

process.stdout.write(JSON.stringify(await main()));
