import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RuntimeSettings } from '../../config/schema.js';
import type { VerifiedModel } from '../../contract/model-card.js';
import { libraryEnvironment } from '../../device/runtime-library.js';
import type { LoadedNetwork } from './load-network.js';

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
