import type { Settings } from '../../config/schema.js';
import { MinspnetError } from '../../contract/errors.js';
import { modelOn, type VerifiedModel } from '../../contract/model-card.js';
import { loadModel } from '../../model/load.js';
import { type Check, fail, failed, ok, warn } from './check.js';
import { tryNetwork } from './try-network.js';

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
  const files = [model, ...(model.onGpu ? [model.onGpu] : [])].map(
    ({ precision, sha256 }) => `${precision} (sha256 ${sha256.slice(0, 12)}…)`,
  );
  yield ok('model', `${name} ${version}, ${files.join(' and ')}, as its card says`);
  yield await checkProvider(model, runtime);
}

/** Loads native code, which a chip may not be able to run. */
async function checkProvider(model: VerifiedModel, runtime: Settings['runtime']): Promise<Check> {
  const name = 'provider';
  try {
    const loaded = await tryNetwork(model, runtime);
    if ('error' in loaded) {
      const { code, exit, message } = loaded.error;
      return failed(name, new MinspnetError(code, exit, message));
    }
    const { requested, active, reason, library } = loaded.provider;
    const where = library === undefined ? active : `${active} of ${library}`;
    const which = `${modelOn(model, active).precision} on ${where}`;
    if (reason === undefined) return ok(name, `${which} (asked for: ${requested})`);
    const advice = 'mend that (docs/jetson.md), or set `runtime.provider: cpu`';
    return warn(name, `${which}, though ${requested} is asked for: ${reason}`, advice);
  } catch (error) {
    const { message } = error as Error;
    return fail(name, 'engine', `ONNX Runtime can’t be loaded: ${message}`, 'it needs a 64-bit system: see `uname -m`');
  }
}
