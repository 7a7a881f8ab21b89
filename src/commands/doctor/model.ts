import type { Settings } from '../../config/schema.js';
import { MinspnetError } from '../../contract/errors.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import { loadModel } from '../../model/load.js';
import { type Check, fail, failed, ok, warn } from './check.js';

/** Whether the model is what its card says, and whether ONNX Runtime runs it, on which provider. */
export async function* checkModel({ model: wanted, runtime }: Settings): AsyncGenerator<Check> {
  let model: VerifiedModel;
  try {
    model = await loadModel(wanted.path, wanted.precision);
  } catch (error) {
    yield failed('model', error);
    return;
  }
  const { name, version } = model.card;
  yield ok('model', `${name} ${version}, ${model.precision}, as its card says (sha256 ${model.sha256.slice(0, 12)}…)`);
  yield await checkProvider(model, runtime);
}

/** Loads native code, which a chip may not be able to run: it comes last, so that all else has been said. */
async function checkProvider(model: VerifiedModel, runtime: Settings['runtime']): Promise<Check> {
  const name = 'provider';
  try {
    const { Network } = await import('../../pipeline/network.js');
    await using network = await Network.load(model, runtime);
    const { requested, active, reason } = network.provider;
    if (reason === undefined) return ok(name, `${active} (asked for: ${requested})`);
    return warn(
      name,
      `${active}, though ${requested} is asked for: ${reason}`,
      'set `runtime.provider: auto` or `cpu`',
    );
  } catch (error) {
    if (error instanceof MinspnetError) return failed(name, error);
    const { message } = error as Error;
    return fail(name, 'engine', `ONNX Runtime can’t be loaded: ${message}`, 'it needs a 64-bit system: see `uname -m`');
  }
}
