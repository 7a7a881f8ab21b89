import { ModelError } from '../contract/errors.js';
import { answerOf, softmax, type TaughtHead, unknownClass } from '../contract/head.js';
import type { ModelCard } from '../contract/model-card.js';
import { type InputOptions, inputOptions } from './capture/input-size.js';
import type { Network, Pixels } from './network.js';

/**
 * The class that holds may be so many times as far from its mean (1 - cosine) as one that begins: looks at a scene that stands
 * still are alike, so if one falls among the few that a limit shuts out, its neighbours do, too. Of the demo's gate such looks
 * were at 1.25 times the limit's distance at most; a uniform cover is at 1.8, another scene at 3 and more.
 */
const heldDistance = 1.3;

/** One class that a picture may show. */
export interface ClassScore {
  class: string;
  /** 0..1 */
  score: number;
}

/** From pixels to names: a classifier's network, or its embedding and a head that was taught. */
export class Classifier {
  /** Of the last run: the network alone, milliseconds. */
  inferenceMs = 0;
  readonly #card: ModelCard<'classify'>;

  /** @throws {ModelError} ERR_MODEL_HEAD where the head was taught on embeddings of another length */
  constructor(
    private readonly network: Network<'classify'>,
    private readonly taught?: TaughtHead,
  ) {
    this.#card = network.model.card;
    if (taught !== undefined) this.#embeddingName();
  }

  get classes(): readonly string[] {
    return this.taught?.card.classes ?? this.#card.classes;
  }

  /** How it wants its pictures. */
  input(size?: readonly [number, number]): InputOptions {
    return inputOptions(this.#card, size);
  }

  /**
   * @param held the class that held until now: a taught head goes on with it at a little less than it would begin with
   * @returns all classes, best first; of a taught head `unknown` comes first where no class deserves it
   */
  async classify(pixels: Pixels, held?: string): Promise<ClassScore[]> {
    const outputs = await this.#run(pixels);
    if (this.taught !== undefined) return this.#taughtAnswer(this.taught, outputs[this.#embeddingName()], held);
    const { classes, output } = this.#card;
    const logits = outputs[output.logits];
    if (logits?.length !== classes.length) {
      throw this.#mismatch(`its output ${output.logits} has ${logits?.length} values for ${classes.length} classes`);
    }
    const scores = output.activation === 'none' ? [...logits] : softmax(logits, output.temperature);
    return ranked(classes, scores);
  }

  /**
   * Pooled features of a picture, of length 1. Comparable within one version of a model only.
   *
   * @throws {ModelError} ERR_MODEL_HEAD where the model has none
   */
  async embed(pixels: Pixels): Promise<Float32Array> {
    const name = this.#embeddingName();
    const outputs = await this.#run(pixels);
    return outputs[name] ?? new Float32Array();
  }

  async #run(pixels: Pixels) {
    const input = this.network.prepare(pixels.bytes, pixels.input);
    const before = performance.now();
    const outputs = await this.network.run(input);
    this.inferenceMs = performance.now() - before;
    return outputs;
  }

  #taughtAnswer({ card, head }: TaughtHead, embedding: Float32Array = new Float32Array(), held?: string): ClassScore[] {
    if (embedding.length !== card.output.dimensions) {
      const what = `${card.name} was taught on embeddings of ${card.output.dimensions} values; this one has`;
      throw this.#mismatch(`${what} ${embedding.length}`);
    }
    const { scores, similarity } = answerOf(head, embedding);
    const answers = ranked(head.classes, scores);
    const best = answers[0]?.score ?? 0;
    const { unknown } = card.output;
    const mostDistance = (1 - unknown.similarity) * (answers[0]?.class === held ? heldDistance : 1);
    if (best >= unknown.score && 1 - similarity <= mostDistance) return answers;
    return [{ class: unknownClass, score: 1 - best }, ...answers];
  }

  #embeddingName(): string {
    const { embedding } = this.#card.output;
    if (embedding !== undefined) return embedding;
    throw this.#mismatch('it has no embedding, so nothing can be taught on it and no picture embedded');
  }

  #mismatch(what: string): ModelError {
    const { name, version } = this.#card;
    return new ModelError('ERR_MODEL_HEAD', 'model', `model ${name} ${version}: ${what}. Name another model.`);
  }
}

function ranked(classes: readonly string[], scores: readonly number[]): ClassScore[] {
  const all = classes.map((name, i) => ({ class: name, score: scores[i] ?? 0 }));
  return all.sort((a, b) => b.score - a.score);
}
