import './no-telemetry.js';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import type { RuntimeSettings } from '../config/schema.js';
import { ModelError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { type NetworkOutput, outputNames } from './box-decoder.js';
import type { Size } from './capture/input-size.js';
import { InputTensor } from './input-tensor.js';

/** Execution provider: what was asked for, what runs, and why they differ if they do. */
export interface ActiveProvider {
  requested: string;
  active: string;
  reason?: string;
}

/** One model in one ONNX Runtime session, which every camera shares. */
export class Network {
  readonly provider: ActiveProvider;
  readonly #tensors: InputTensor;

  private constructor(
    readonly model: VerifiedModel,
    private readonly session: InferenceSession,
    settings: RuntimeSettings,
  ) {
    this.provider = chooseProvider(settings.provider);
    this.#tensors = new InputTensor(model.card.input);
  }

  /** @throws {ModelError} ERR_MODEL_LOAD when ONNX Runtime refuses the file, ERR_MODEL_CARD when it has other outputs. */
  static async load(model: VerifiedModel, settings: RuntimeSettings): Promise<Network> {
    const session = await createSession(model, settings);
    const { input } = model.card;
    const missing = [input.name].filter((name) => !session.inputNames.includes(name));
    missing.push(...outputNames(model.card).filter((name) => !session.outputNames.includes(name)));
    if (missing.length > 0) {
      throw new ModelError(
        'ERR_MODEL_CARD',
        'model',
        `${model.path} has no ${missing.join(', ')}, which its card names.`,
      );
    }
    return new Network(model, session, settings);
  }

  /** The network's input. @param pixels uint8 [1, height, width, 3], RGB; must not change until the run is over */
  prepare(pixels: Uint8Array, size: Size): Tensor {
    return this.#tensors.make(pixels, size);
  }

  /** Runs the network on one picture. Blocks this thread meanwhile: onnxruntime-node computes on the calling thread. */
  async run(input: Tensor): Promise<NetworkOutput> {
    const results = await this.session.run({ [this.model.card.input.name]: input });
    const entries = Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]);
    return Object.fromEntries(entries);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }
}

async function createSession({ path }: VerifiedModel, settings: RuntimeSettings): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: settings.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: settings.spinning ? '1' : '0' } } },
    });
  } catch (error) {
    throw new ModelError('ERR_MODEL_LOAD', 'model', `ONNX Runtime can’t load ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** CUDA and TensorRT need libraries that the npm package does not hold; see docs/architecture.md. */
function chooseProvider(requested: RuntimeSettings['provider']): ActiveProvider {
  if (requested === 'auto' || requested === 'cpu') return { requested, active: 'cpu' };
  return { requested, active: 'cpu', reason: `this build of ONNX Runtime holds no ${requested} provider` };
}
