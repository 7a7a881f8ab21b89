import { z } from 'zod';

const file = z.object({
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});
const modelFile = file.extend({
  external: z.array(file).optional().describe('the files beside it in which the ONNX file keeps weights'),
});

const side = z.int().positive();
const perChannel = z.tuple([z.number(), z.number(), z.number()]);

/** What the network is fed with. What is not uint8 nhwc rgb is turned into it pixel by pixel, which costs time. */
const modelInput = z.object({
  name: z.string(),
  layout: z.enum(['nhwc', 'nchw']),
  type: z.enum(['uint8', 'float32']),
  colour: z.enum(['rgb', 'bgr']),
  mean: perChannel.default([0, 0, 0]).describe('taken from each 0..255 value first, in the order of `colour`'),
  std: perChannel.default([1, 1, 1]).describe('what the rest is divided by'),
  resize: z
    .enum(['fit', 'stretch'])
    .default('fit')
    .describe('fit: aspect ratio kept, at the top left; stretch: the whole input, each axis by itself'),
  multipleOf: side.describe('width and height are multiples of this'),
  fixed: z.tuple([side, side]).optional().describe('[width, height], where the file takes no other size'),
  fill: z.int().min(0).max(255).describe('grey of what the picture does not cover'),
  sizes: z.array(z.tuple([side, side])).describe('[width, height] it was measured at'),
});
export type ModelInput = z.infer<typeof modelInput>;

/** Pixels of the input where nobody chooses its size: as many as 256×256, which the network is tuned for. */
export const usualInputPixels = 256 * 256;

/** What `output.decoder: "minspnet"` means: see src/pipeline/box-decoder.ts. */
const minspnetOutput = z.object({
  decoder: z.literal('minspnet'),
  logits: z.string().describe('name of the [1, classes, N] output'),
  distances: z.string().describe('name of the [1, 4, N] output'),
  strides: z.array(side),
});
export type MinspnetOutput = z.infer<typeof minspnetOutput>;

/** See src/pipeline/box-decoder.ts. */
const yoloxOutput = z.object({
  decoder: z.literal('yolox'),
  output: z.string().describe('name of the [1, N, 5 + classes] output'),
  strides: z.array(side),
});
export type YoloxOutput = z.infer<typeof yoloxOutput>;

/** See src/pipeline/box-decoder.ts. */
const fastestdetOutput = z.object({
  decoder: z.literal('fastestdet'),
  output: z.string().describe('name of the [1, 5 + classes, rows, columns] output'),
  stride: side,
});
export type FastestdetOutput = z.infer<typeof fastestdetOutput>;

/** A class's scores as probabilities: p = sigmoid(logit(score) / temperature + bias) that a detection is right. */
const classCalibration = z.object({
  temperature: z.number().positive(),
  bias: z.number(),
  minScore: z.number().min(0).max(1).describe('the score from which on 90 % of the detections are right'),
});
export type ClassCalibration = z.infer<typeof classCalibration>;

/** `models/<name>/card.json`: what a model is, eats and gives, and what it was measured to do. */
export const modelCard = z.looseObject({
  cardVersion: z.literal(1),
  name: z.string(),
  version: z.string(),
  task: z.literal('detect'),
  classes: z.array(z.string()).min(1).max(256),
  input: modelInput,
  output: z.discriminatedUnion('decoder', [minspnetOutput, yoloxOutput, fastestdetOutput]),
  minScore: z.number().min(0).max(1).describe('about where four of five detections are right'),
  nmsIou: z.number().min(0).max(1),
  calibration: z
    .record(z.string(), classCalibration)
    .optional()
    .describe('by class: what a score is worth, fitted after suppression on pictures that training did not see'),
  files: z.object({ fp32: modelFile, int8: modelFile.optional() }),
  accuracy: z
    .array(
      z.looseObject({
        set: z.string(),
        size: z.tuple([side, side]),
        precision: z.enum(['fp32', 'int8']),
        ap: z.number(),
      }),
    )
    .optional()
    .describe('measured average precision (COCO’s, 0.50 to 0.95); the first set is the one that sizes are compared by'),
  maxInt8ApLoss: z
    .number()
    .min(0)
    .default(0.01)
    .describe('INT8 that loses more of FP32’s average precision is refused'),
});
export type ModelCard = z.infer<typeof modelCard>;
export type Precision = keyof ModelCard['files'];

/** One of a model's files, which is what the card says. */
export interface VerifiedFile {
  precision: Precision;
  /** Absolute path of the ONNX file. */
  path: string;
  sha256: string;
}

/** A model whose files are what its card says. */
export interface VerifiedModel extends VerifiedFile {
  card: ModelCard;
  /** What runs on a GPU in place of this file, where nobody has named a precision. */
  onGpu?: VerifiedFile;
}

/**
 * The model with the file that runs on a provider. ONNX Runtime's CUDA provider has no integer convolutions: there INT8
 * is FP32 with rounding between, slower than the FP32 file and not what the card was measured with. TensorRT takes no
 * zero points but 0, and the activations of our INT8 files have others.
 */
export function modelOn({ onGpu, ...model }: VerifiedModel, provider: string): VerifiedModel {
  return provider !== 'cpu' ? { ...model, ...onGpu } : model;
}
