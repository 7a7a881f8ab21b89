import type { Head, HeadLayer } from './head-file.js';
import type { TaughtCard, VerifiedModel } from './model-card.js';

/** What an answer is called that no class deserves. No class may have this name. */
export const unknownClass = 'unknown';

/** A head that was taught, with the card that says when its answer is `unknown`. */
export interface TaughtHead {
  card: TaughtCard;
  head: Head;
}

/** What names pictures: a network, or the embeddings of one and a head that was taught on them. */
export interface VerifiedClassifier {
  base: VerifiedModel<'classify'>;
  taught?: TaughtHead;
}

/** What a head makes of one embedding. */
export interface HeadAnswer {
  /** By class, 0..1; they sum to 1. */
  scores: number[];
  /** Cosine between the embedding and the mean of the best class, -1..1. */
  similarity: number;
}

/** Before temperature and softmax, by class. */
export function headLogits(layers: readonly HeadLayer[], embedding: ArrayLike<number>): number[] {
  return layers.reduce<ArrayLike<number>>((input, { weights, bias }, i) => {
    const outputs = weights.map((row, k) => dot(row, input) + (bias[k] ?? 0));
    return i < layers.length - 1 ? outputs.map((value) => Math.max(0, value)) : outputs;
  }, embedding) as number[];
}

export function answerOf({ layers, means, temperature }: Head, embedding: ArrayLike<number>): HeadAnswer {
  const scores = softmax(headLogits(layers, embedding), temperature);
  const best = scores.indexOf(Math.max(...scores));
  return { scores, similarity: dot(means[best] ?? [], embedding) };
}

/** Probabilities of logits that are divided by `temperature` first. */
export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (value) => value / temperature);
  const most = scaled.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scaled.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
