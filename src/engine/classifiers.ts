import type { RuntimeSettings } from '../config/schema.js';
import type { VerifiedClassifier } from '../contract/head.js';
import { Classifier } from '../pipeline/classifier.js';
import { Network } from '../pipeline/network.js';

/** The classifiers of an engine by the name that the settings give them. Heads on one network share it. */
export class Classifiers implements AsyncDisposable {
  #networks = new Map<string, Network<'classify'>>();
  #classifiers = new Map<string, Classifier>();
  #using: Promise<void> = Promise.resolve();

  constructor(private readonly runtime: RuntimeSettings) {}

  find(model: string): Classifier | undefined {
    return this.#classifiers.get(model);
  }

  /**
   * These and no others, from now on. What is running meanwhile uses the ones of before.
   *
   * @throws {ModelError} where ONNX Runtime refuses a network; the ones of before stay
   */
  use(wanted: Readonly<Record<string, VerifiedClassifier>>): Promise<void> {
    const using = this.#using.then(() => this.#use(wanted));
    this.#using = using.catch(() => {});
    return using;
  }

  async #use(wanted: Readonly<Record<string, VerifiedClassifier>>): Promise<void> {
    const networks = new Map<string, Network<'classify'>>();
    const classifiers = new Map<string, Classifier>();
    for (const [name, { base, taught }] of Object.entries(wanted)) {
      const network =
        networks.get(base.sha256) ?? this.#networks.get(base.sha256) ?? (await Network.load(base, this.runtime));
      networks.set(base.sha256, network);
      classifiers.set(name, new Classifier(network, taught));
    }
    const unused = [...this.#networks].filter(([sha256]) => !networks.has(sha256));
    this.#networks = networks;
    this.#classifiers = classifiers;
    for (const [, network] of unused) await network[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.use({});
  }
}
