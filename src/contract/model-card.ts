import { z } from 'zod';

const modelFile = z.object({
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});

/** What `output.decoder: "minspnet"` means: see src/pipeline/decode.ts. */
const minspnetOutput = z.object({
  decoder: z.literal('minspnet'),
  logits: z.string().describe('name of the [1, classes, N] output'),
  distances: z.string().describe('name of the [1, 4, N] output'),
  strides: z.array(z.int().positive()),
});

/** `models/<name>/card.json`: what a model is, eats and gives, and what it was measured to do. */
export const modelCard = z.looseObject({
  cardVersion: z.literal(1),
  name: z.string(),
  version: z.string(),
  task: z.literal('detect'),
  classes: z.array(z.string()).min(1),
  input: z.object({
    name: z.string(),
    layout: z.literal('nhwc'),
    type: z.literal('uint8'),
    colour: z.literal('rgb'),
    multipleOf: z.int().positive().describe('width and height are multiples of this'),
    fill: z.int().min(0).max(255).describe('grey of what the picture does not cover'),
    sizes: z.array(z.tuple([z.int().positive(), z.int().positive()])).describe('[width, height] it was measured at'),
  }),
  output: minspnetOutput,
  minScore: z.number().min(0).max(1).describe('the score from which a detection makes a track'),
  nmsIou: z.number().min(0).max(1),
  files: z.object({ fp32: modelFile, int8: modelFile.optional() }),
});
export type ModelCard = z.infer<typeof modelCard>;
export type Precision = keyof ModelCard['files'];

/** A model whose files are what its card says. */
export interface VerifiedModel {
  card: ModelCard;
  precision: Precision;
  /** Absolute path of the ONNX file. */
  path: string;
  sha256: string;
}
