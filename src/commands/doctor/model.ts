import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadedSettings } from '../../config/load.js';
import type { RuntimeSettings, Settings } from '../../config/schema.js';
import { MinspnetError } from '../../contract/errors.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import { modelOn } from '../../contract/running-model.js';
import { modelPlaces } from '../../daemon/state-directory.js';
import { libraryEnvironment } from '../../device/runtime-library.js';
import { loadModel } from '../../model/load.js';
import { describe } from '../tune/candidates.js';
import { withTuning } from '../tuned.js';
import { type Check, fail, failed, ok, warn } from './check.js';
import type { LoadedNetwork } from './load-network.js';

/** Whether the model is what its card says, and whether ONNX Runtime runs it, on which provider. */
export async function* checkModel({ model: wanted, runtime, stateDirectory }: Settings): AsyncGenerator<Check> {
  let model: VerifiedModel;
  try {
    model = await loadModel(wanted.path, wanted.precision, 'detect', modelPlaces({ stateDirectory }));
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

const run = promisify(execFile);
const program = fileURLToPath(new URL('./load-network.js', import.meta.url));
/** TensorRT builds its engine in that time, even on a small board. */
const timeoutMs = 600_000;

/**
 * Loads a model as the engine would, in a process of its own.
 *
 * @throws when that process dies
 */
export async function tryNetwork(model: VerifiedModel, runtime: RuntimeSettings): Promise<LoadedNetwork> {
  const args = [program, '--model', JSON.stringify(model), '--runtime', JSON.stringify(runtime)];
  const { stdout } = await run(process.execPath, args, { env: libraryEnvironment(runtime), timeout: timeoutMs });
  return JSON.parse(stdout) as LoadedNetwork;
}

const name = 'tuning';

/** What `run` would do with what `tune` chose; not having tuned is no fault. Undefined where the model can't be used. */
export async function checkTuning(loaded: Pick<LoadedSettings, 'settings' | 'originOf'>): Promise<Check | undefined> {
  const found = await withTuning(loaded, () => {}).catch(() => undefined);
  if (found === undefined) return undefined;
  const { choice, kept, at, reason } = found.tuning;
  if (choice === null) return ok(name, `none: ${reason}`);
  const but = kept.length === 0 ? '' : `, but ${kept.join(', ')} as the settings say`;
  return ok(name, `${describe(choice)}${but} (measured ${at})`);
}
