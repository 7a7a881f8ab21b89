import type { Tensor } from 'onnxruntime-node';
import { maskUrl } from '../config/mask.js';
import type { RuntimeSettings } from '../config/schema.js';
import { SourceError } from '../contract/errors.js';
import type { Task, VerifiedModel } from '../contract/model-card.js';
import { createSource } from '../pipeline/capture/create-source.js';
import { inputOptions, type Size } from '../pipeline/capture/input-size.js';
import type { PictureSource } from '../pipeline/capture/picture-source.js';
import { Preparation } from '../pipeline/capture/preparation.js';
import { parseSource } from '../pipeline/capture/source.js';
import { Network } from '../pipeline/network.js';
import type { ActiveProvider } from '../pipeline/provider.js';
import type { Subject } from './measure.js';

export interface NetworkSubjectOptions<T extends Task = 'detect'> {
  /** What it is called in results; by default the model's name and precision. */
  name?: string;
  model: VerifiedModel<T>;
  runtime: RuntimeSettings;
  /** [width, height] of the input; by default from the source's aspect ratio. */
  size?: [number, number] | undefined;
  /** As a camera's `source`. */
  source: string;
}

/** So many different pictures are kept, so that no step works on what the step before has left in the caches. */
const pictures = 16;
/** Of a source, every so manieth. */
const every = 5;

/** A network alone, on real pictures that were scaled and prepared before: what `onnxruntime_perf_test` measures. */
export class NetworkSubject<T extends Task = 'detect'> implements Subject, AsyncDisposable {
  #next = 0;

  private constructor(
    readonly name: string,
    readonly model: VerifiedModel<T>,
    readonly input: Size,
    /** From the file to a session, milliseconds. */
    readonly loadMs: number,
    private readonly network: Network<T>,
    private readonly tensors: readonly Tensor[],
  ) {}

  /**
   * @throws {ModelError} when the model can't be used
   * @throws {SourceError} when the source can't
   */
  static async open<T extends Task>(options: NetworkSubjectOptions<T>): Promise<NetworkSubject<T>> {
    const { runtime, size, source } = options;
    const before = performance.now();
    const network = await Network.load(options.model, runtime);
    const loadMs = performance.now() - before;
    try {
      const { input, tensors } = await readTensors(network, source, size);
      const { model } = network;
      const name = options.name ?? `${model.card.name} ${model.precision}`;
      return new NetworkSubject(name, model, input, loadMs, network, tensors);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  get provider(): ActiveProvider {
    return this.network.provider;
  }

  async step(): Promise<undefined> {
    await this.network.run(this.tensors[this.#next] as Tensor);
    this.#next = (this.#next + 1) % this.tensors.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network[Symbol.asyncDispose]();
  }
}

async function readTensors(
  network: Network<Task>,
  name: string,
  size: [number, number] | undefined,
): Promise<{ input: Size; tensors: Tensor[] }> {
  await using source = openSource(name);
  using preparation = new Preparation(inputOptions(network.model.card, size));
  const facts = await source.open();
  const tensors: Tensor[] = [];
  for (let number = 0; tensors.length < pictures; number += 1) {
    const picture = await source.next();
    if (picture === undefined) break;
    if (number % every !== 0) continue;
    const { frame, mediaMs } = picture;
    const { tensor } = preparation.prepare(frame, mediaMs, preparation.memoryFor(frame));
    tensors.push(network.prepare(tensor.bytes, tensor.input));
  }
  if (tensors.length > 0) return { input: preparation.inputFor(facts), tensors };
  throw new SourceError('ERR_SOURCE_EMPTY', 'source', `source ${maskUrl(name)} holds no picture. Name another one.`);
}

/** A camera's `source` setting on this thread. */
export function openSource(name: string): PictureSource {
  return createSource(parseSource(name));
}
