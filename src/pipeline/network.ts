import './no-telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { RuntimeSettings } from '../config/schema.js';
import { ModelError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { Size } from './capture/input-size.js';

/** Execution provider: what was asked for, what runs, and why they differ if they do. */
export interface ActiveProvider {
  requested: string;
  active: string;
  reason?: string;
}

export interface NetworkOutput {
  /** [classes, cells] */
  logits: Float32Array;
  /** [4, cells] */
  distances: Float32Array;
}

/** One model in one ONNX Runtime session, which every camera shares. */
export class Network {
  readonly provider: ActiveProvider;

  private constructor(
    readonly model: VerifiedModel,
    private readonly session: InferenceSession,
    settings: RuntimeSettings,
  ) {
    this.provider = chooseProvider(settings.provider);
  }

  /** @throws {ModelError} ERR_MODEL_LOAD when ONNX Runtime refuses the file, ERR_MODEL_CARD when it has other outputs. */
  static async load(model: VerifiedModel, settings: RuntimeSettings): Promise<Network> {
    const session = await createSession(model, settings);
    const { input, output } = model.card;
    const missing = [input.name].filter((name) => !session.inputNames.includes(name));
    missing.push(...[output.logits, output.distances].filter((name) => !session.outputNames.includes(name)));
    if (missing.length > 0) {
      throw new ModelError(
        'ERR_MODEL_CARD',
        'model',
        `${model.path} has no ${missing.join(', ')}, which its card names.`,
      );
    }
    return new Network(model, session, settings);
  }

  /**
   * Runs the network on one picture. Blocks this thread meanwhile: onnxruntime-node computes on the calling thread.
   *
   * @param pixels uint8 [1, height, width, 3], RGB
   */
  async run(pixels: Uint8Array, { width, height }: Size): Promise<NetworkOutput> {
    const { input, output } = this.model.card;
    const feeds = { [input.name]: new Tensor('uint8', pixels, [1, height, width, 3]) };
    const results = await this.session.run(feeds);
    return {
      logits: results[output.logits]?.data as Float32Array,
      distances: results[output.distances]?.data as Float32Array,
    };
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
