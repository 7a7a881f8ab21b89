import { z } from 'zod';

const numbers = z.array(z.number());

/**
 * A taught model's file: a network of one or two full layers on an embedding e of length 1. Scores are
 * softmax(z / temperature) with z = W·e + b, or z = W₂·relu(W₁·e + b₁) + b₂.
 */
export const head = z.object({
  headVersion: z.literal(1),
  classes: z.array(z.string()).min(2),
  layers: z
    .array(z.object({ weights: z.array(numbers).describe('a row an output'), bias: numbers }))
    .min(1)
    .max(2),
  means: z.array(numbers).describe('by class: the mean of its embeddings, of length 1'),
  temperature: z.number().positive(),
});
export type Head = z.infer<typeof head>;
export type HeadLayer = Head['layers'][number];
