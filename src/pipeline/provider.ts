import { mkdirSync } from 'node:fs';
import type { InferenceSession } from 'onnxruntime-node';
import type { RuntimeSettings } from '../config/schema.js';
import type { Task, VerifiedModel } from '../contract/model-card.js';
import { modelOn } from '../contract/running-model.js';
import type { ProviderFacts } from '../contract/status.js';
import { loadedLibrary, providerFile } from '../device/runtime-library.js';

export type ProviderName = 'cpu' | 'cuda' | 'tensorrt';

/** What runs, and of each provider that should have run before it, why it doesn't. */
export type ActiveProvider = ProviderFacts & { active: ProviderName };

/** Best first: what one can't run, the next takes over, as ONNX Runtime itself does it operator by operator. */
const preference: Record<RuntimeSettings['provider'], ProviderName[]> = {
  auto: ['tensorrt', 'cuda', 'cpu'],
  tensorrt: ['tensorrt', 'cuda', 'cpu'],
  cuda: ['cuda', 'cpu'],
  cpu: ['cpu'],
};

/**
 * Makes a session of a model on the best provider that runs, out of that provider's file. `auto` passes in silence over
 * providers that this library does not come with; what is there and fails, and what was asked for by name, is told.
 *
 * @param open makes a session of a file on these providers; throws if the first of them can't run
 * @returns the model as it runs, too
 * @throws what `open` throws on the CPU: then it is not the provider's fault
 */
export async function openModel<Session, T extends Task>(
  model: VerifiedModel<T>,
  { provider: requested, library }: Pick<RuntimeSettings, 'provider' | 'library'>,
  open: (path: string, providers: ProviderName[]) => Promise<Session>,
): Promise<{ session: Session; provider: ActiveProvider; model: VerifiedModel<T> }> {
  const reasons: string[] = [];
  const isThere = (name: ProviderName) => name === 'cpu' || providerFile(name) !== undefined;
  for (const [i, active] of preference[requested].entries()) {
    if (!isThere(active) && (requested === 'auto' || loadedLibrary() !== undefined)) {
      if (requested !== 'auto')
        reasons.push(`${active}: no libonnxruntime_providers_${active}.so beside ${loadedLibrary()}`);
      continue;
    }
    const running = modelOn(model, active);
    try {
      const session = await open(running.path, [active, ...preference[requested].slice(i + 1).filter(isThere)]);
      const reason = reasons.length === 0 ? {} : { reason: reasons.join('; ') };
      const provider = { requested, active, ...reason, ...(library !== undefined && { library }) };
      return { session, provider, model: running };
    } catch (error) {
      if (active === 'cpu') throw error;
      reasons.push(`${active}: ${whyNot(active, error as Error)}`);
    }
  }
  throw new TypeError('the CPU is always the last to be tried');
}

/** ONNX Runtime says what is missing on stderr only; the dynamic linker tells us, too. */
function whyNot(provider: Exclude<ProviderName, 'cpu'>, error: Error): string {
  if (/is unsupported/.test(error.message)) return 'onnxruntime-node was built without it for this processor';
  const file = providerFile(provider);
  try {
    if (file !== undefined) process.dlopen({ exports: {} }, file);
  } catch (loading) {
    const { message } = loading as Error;
    if (!/self-register/.test(message)) return message; // it loaded, and is no addon of Node's
  }
  return error.message.replace(/\s+/g, ' ').trim();
}

/**
 * A provider as onnxruntime-node takes it. TensorRT builds its engines for minutes on a small board, so they are kept.
 * The npm package's binding passes no options on to TensorRT and ignores these; one that is built as docs/jetson.md
 * says does.
 */
export function withOptions(
  name: ProviderName,
  cacheDirectory: string | undefined,
): InferenceSession.ExecutionProviderConfig {
  if (name !== 'tensorrt' || cacheDirectory === undefined) return name;
  mkdirSync(cacheDirectory, { recursive: true });
  const options = {
    trt_engine_cache_enable: '1',
    trt_engine_cache_path: cacheDirectory,
    trt_timing_cache_enable: '1',
    trt_timing_cache_path: cacheDirectory,
  };
  return { name, ...options } as InferenceSession.ExecutionProviderConfig;
}
