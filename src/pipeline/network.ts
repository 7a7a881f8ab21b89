import './no-telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { RuntimeSettings } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import { ModelError } from '../contract/errors.js';
import type { ModelCard, ModelInput, Task, VerifiedModel } from '../contract/model-card.js';
import { requireLibrary } from '../device/runtime-library.js';
import type { BoxDecoder, Candidates, NetworkOutput } from './box-candidates.js';
import { createBoxDecoder, suppress } from './box-decoder.js';
import type { Size } from './capture/input-size.js';
import { type ActiveProvider, openModel, type ProviderName, withOptions } from './provider.js';
import type { StageClock } from './stage-clock.js';

/** A picture as the network's input. */
export interface Pixels {
  /** uint8 [height, width, 3] of `input`, RGB. */
  bytes: Uint8Array<ArrayBuffer>;
  input: Size;
  /** The part of the input, from the top left, that the picture covers. */
  fitted: Size;
}

/** One model in one ONNX Runtime session, which every camera shares. */
export class Network<T extends Task = 'detect'> {
  readonly #tensors: InputTensor;

  private constructor(
    /** With the file that runs. */
    readonly model: VerifiedModel<T>,
    readonly provider: ActiveProvider,
    private readonly session: InferenceSession,
  ) {
    this.#tensors = new InputTensor(model.card.input);
  }

  /**
   * @param cacheDirectory where TensorRT keeps its engines; without one it builds them at each start
   * @throws {ModelError} ERR_MODEL_LOAD when ONNX Runtime refuses the file, ERR_MODEL_CARD when it has other outputs
   * @throws {ConfigError} ERR_CONFIG_LIBRARY when another library runs than the settings name
   */
  static async load<T extends Task>(
    wanted: VerifiedModel<T>,
    settings: RuntimeSettings,
    cacheDirectory?: string,
  ): Promise<Network<T>> {
    requireLibrary(settings);
    const { session, provider, model } = await createSession(wanted, settings, cacheDirectory);
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
    return new Network(model, provider, session);
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

/** From pixels to detections: network, box decoding, suppression. */
export class Detector {
  /** Of the last `detect`: the network alone, milliseconds. */
  inferenceMs = 0;
  readonly #decoders = new Map<string, BoxDecoder>();

  /** @param first does the first `detect` of each input size, which may take minutes where TensorRT builds an engine for it */
  constructor(
    private network: Network,
    private readonly first: <T>(detect: () => Promise<T>) => Promise<T> = (detect) => detect(),
  ) {}

  /** Another network, from the next `detect` on. */
  use(network: Network): void {
    this.network = network;
    this.#decoders.clear();
  }

  /**
   * @param minScore 0..1; lower ones are not looked at
   * @param clock is told when the network has run, and when its boxes are decoded
   */
  async detect(pixels: Pixels, minScore: number, clock?: StageClock): Promise<Detection[]> {
    const detect = () => this.#detect(pixels, minScore, clock);
    return this.#decoders.has(keyOf(pixels.input)) ? detect() : this.first(detect);
  }

  async #detect(pixels: Pixels, minScore: number, clock?: StageClock): Promise<Detection[]> {
    const { classes, nmsIou } = this.network.model.card;
    const input = this.network.prepare(pixels.bytes, pixels.input);
    const before = performance.now();
    const outputs = await this.network.run(input);
    this.inferenceMs = performance.now() - before;
    clock?.('inference');
    const candidates = this.#decoder(pixels.input).decode(outputs, minScore);
    const detections = suppress(candidates, nmsIou)
      .map((i) => toDetection(candidates, i, pixels.fitted, classes))
      .filter(({ box: [left, top, right, bottom] }) => right > left && bottom > top); // the rest lies in the grey fill
    clock?.('decode boxes');
    return detections;
  }

  /** Cameras of one shape share a decoder. */
  #decoder(input: Size): BoxDecoder {
    const key = keyOf(input);
    let decoder = this.#decoders.get(key);
    if (decoder === undefined) {
      decoder = createBoxDecoder(this.network.model.card, input);
      this.#decoders.set(key, decoder);
    }
    return decoder;
  }
}

async function createSession<T extends Task>(
  model: VerifiedModel<T>,
  settings: RuntimeSettings,
  cacheDirectory: string | undefined,
) {
  const create = (path: string, providers: ProviderName[]) =>
    InferenceSession.create(path, {
      executionProviders: providers.map((name) => withOptions(name, cacheDirectory)),
      intraOpNumThreads: settings.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: settings.spinning ? '1' : '0' } } },
    });
  try {
    return await openModel(model, settings, create);
  } catch (error) {
    const advice = 'Restore the file, or name another model: it has to be an ONNX network.';
    const what = `ONNX Runtime can’t load ${model.path}: ${(error as Error).message.replace(/\.?\s*$/, '.')} ${advice}`;
    throw new ModelError('ERR_MODEL_LOAD', 'model', what, { cause: error });
  }
}

/**
 * Turns pictures into what a network is fed with. Our own networks take the picture's bytes as they are; for others
 * every value is moved, and changed by a table, on this thread.
 */
export class InputTensor {
  /** The new value of each byte, by channel of the picture: red, green, blue. Undefined: as it is. */
  readonly #tables: Float32Array[] | undefined;

  constructor(private readonly input: ModelInput) {
    const { layout, type, colour } = input;
    if (layout === 'nhwc' && type === 'uint8' && colour === 'rgb') return;
    this.#tables = [0, 1, 2].map((channel) => {
      const to = this.#target(channel);
      const mean = input.mean[to] ?? 0;
      const std = input.std[to] ?? 1;
      return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / std);
    });
  }

  /** @param pixels uint8 [1, height, width, 3], RGB; the tensor may share its memory */
  make(pixels: Uint8Array, { width, height }: Size): Tensor {
    const { layout, type } = this.input;
    const shape = layout === 'nhwc' ? [1, height, width, 3] : [1, 3, height, width];
    if (this.#tables === undefined) return new Tensor('uint8', pixels, shape);
    const plane = width * height;
    const values = type === 'uint8' ? new Uint8Array(3 * plane) : new Float32Array(3 * plane);
    this.#tables.forEach((table, channel) => {
      const to = this.#target(channel);
      const [start, step] = layout === 'nhwc' ? [to, 3] : [to * plane, 1];
      for (let i = 0, from = channel, at = start; i < plane; i += 1, from += 3, at += step) {
        values[at] = table[pixels[from] as number] as number;
      }
    });
    return values instanceof Uint8Array ? new Tensor('uint8', values, shape) : new Tensor('float32', values, shape);
  }

  /** Where a channel of the picture goes. */
  #target(channel: number): number {
    return this.input.colour === 'rgb' ? channel : 2 - channel;
  }
}

/** The outputs that a model's card names. */
function outputNames({ output }: ModelCard<Task>): string[] {
  switch (output.decoder) {
    case 'minspnet':
      return [output.logits, output.distances];
    case 'classifier':
      return output.embedding === undefined ? [output.logits] : [output.logits, output.embedding];
    case 'segmenter':
      return [output.logits];
    case 'picodet':
      return output.levels.flatMap(({ scores, distances }) => [scores, distances]);
    default:
      return [output.output];
  }
}

function keyOf({ width, height }: Size): string {
  return `${width}x${height}`;
}

function toDetection(from: Candidates, i: number, fitted: Size, classes: readonly string[]): Detection {
  const fraction = (value: number | undefined, size: number) => Math.min(1, (value ?? 0) / size);
  return {
    class: classes[from.classes[i] ?? 0] ?? '?',
    score: from.scores[i] ?? 0,
    box: [
      fraction(from.boxes[4 * i], fitted.width),
      fraction(from.boxes[4 * i + 1], fitted.height),
      fraction(from.boxes[4 * i + 2], fitted.width),
      fraction(from.boxes[4 * i + 3], fitted.height),
    ],
  };
}
