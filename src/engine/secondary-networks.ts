import type { RuntimeSettings } from '../config/schema.js';
import type { Task, VerifiedModel } from '../contract/model-card.js';
import { Classifier } from '../pipeline/classifier.js';
import { Network } from '../pipeline/network.js';
import { Segmenter } from '../pipeline/segmenter.js';
import type { SecondaryModels } from './protocol.js';

type AnyNetwork = Network<'classify'> | Network<'segment'>;

/**
 * The classifiers and segmenters of an engine, by the name that the settings give them. Heads on one network share it.
 */
export class SecondaryNetworks implements AsyncDisposable {
  /** By the sum of their file. */
  #networks = new Map<string, AnyNetwork>();
  #classifiers = new Map<string, Classifier>();
  #segmenters = new Map<string, Segmenter>();
  #using: Promise<void> = Promise.resolve();

  constructor(private readonly runtime: RuntimeSettings) {}

  findClassifier(model: string): Classifier | undefined {
    return this.#classifiers.get(model);
  }

  findSegmenter(model: string): Segmenter | undefined {
    return this.#segmenters.get(model);
  }

  /**
   * These and no others, from now on. What is running meanwhile uses the ones of before.
   *
   * @throws {ModelError} where ONNX Runtime refuses a network; the ones of before stay
   */
  use(wanted: SecondaryModels | undefined): Promise<void> {
    const using = this.#using.then(() => this.#use(wanted));
    this.#using = using.catch(() => {});
    return using;
  }

  async #use({ classifiers, segmenters }: SecondaryModels = { classifiers: {}, segmenters: {} }): Promise<void> {
    const networks = new Map<string, AnyNetwork>();
    const load = async <T extends Exclude<Task, 'detect'>>(model: VerifiedModel<T>): Promise<Network<T>> => {
      const { sha256 } = model;
      const network = networks.get(sha256) ?? this.#networks.get(sha256) ?? (await Network.load(model, this.runtime));
      networks.set(sha256, network as AnyNetwork);
      return network as Network<T>;
    };
    const nextClassifiers = new Map<string, Classifier>();
    const nextSegmenters = new Map<string, Segmenter>();
    for (const [name, { base, taught }] of Object.entries(classifiers)) {
      nextClassifiers.set(name, new Classifier(await load(base), taught));
    }
    for (const [name, model] of Object.entries(segmenters)) {
      nextSegmenters.set(name, new Segmenter(await load(model)));
    }
    const unused = [...this.#networks].filter(([sha256]) => !networks.has(sha256));
    this.#networks = networks;
    this.#classifiers = nextClassifiers;
    this.#segmenters = nextSegmenters;
    for (const [, network] of unused) await network[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.use(undefined);
  }
}
