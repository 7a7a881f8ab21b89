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

/** See src/pipeline/box-decoder-bins.ts. */
const nanodetOutput = z.object({
  decoder: z.literal('nanodet'),
  output: z.string().describe('name of the [1, N, classes + 4 · bins] output; scores are past their sigmoid'),
  strides: z.array(side),
  bins: side.default(8).describe('of a distance’s distribution, `reg_max` + 1'),
  centre: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('of a cell, in strides from its corner: 0 of NanoDet-Plus, 0.5 of NanoDet'),
});
export type NanodetOutput = z.infer<typeof nanodetOutput>;

/** See src/pipeline/box-decoder-bins.ts. */
const picodetOutput = z.object({
  decoder: z.literal('picodet'),
  levels: z
    .array(
      z.object({
        scores: z.string().describe('name of the [1, cells, classes] output; scores are past their sigmoid'),
        distances: z.string().describe('name of the [1, cells, 4 · bins] output'),
        stride: side,
      }),
    )
    .min(1),
  bins: side.default(8).describe('of a distance’s distribution, `reg_max` + 1'),
});
export type PicodetOutput = z.infer<typeof picodetOutput>;

/** A class's scores as probabilities: p = sigmoid(logit(score) / temperature + bias) that a detection is right. */
const classCalibration = z.object({
  temperature: z.number().positive(),
  bias: z.number(),
  minScore: z.number().min(0).max(1).describe('the score from which on 90 % of the detections are right'),
});
export type ClassCalibration = z.infer<typeof classCalibration>;

/** A network that names what a whole picture shows: see src/pipeline/classifier.ts. */
const classifierOutput = z.object({
  decoder: z.literal('classifier'),
  logits: z.string().describe('name of the [1, classes] output'),
  activation: z
    .enum(['softmax', 'none'])
    .default('softmax')
    .describe('what makes scores of it; none: they are probabilities already'),
  temperature: z.number().positive().default(1).describe('the logits are divided by this first'),
  embedding: z.string().optional().describe('name of the [1, D] output of pooled features, of length 1'),
});

/** Of a taught model: a head on the embeddings of another one. See src/learn/head.ts. */
const headOutput = z.object({
  decoder: z.literal('head'),
  base: z
    .object({ name: z.string(), version: z.string() })
    .describe('the model whose embeddings it was taught on; of another version they mean something else'),
  dimensions: side.describe('of an embedding'),
  unknown: z
    .object({
      score: z.number().min(0).max(1).describe('an answer with a lower score is `unknown`'),
      similarity: z
        .number()
        .min(-1)
        .max(1)
        .describe('so is one whose embedding is less like the mean of its class (cosine)'),
    })
    .describe('when a picture shows nothing that was taught'),
});

/** A network that names what each part of a picture shows: see src/pipeline/segmenter.ts. */
const segmenterOutput = z.object({
  decoder: z.literal('segmenter'),
  logits: z
    .string()
    .describe('name of the [1, 1 + classes, H / stride, W / stride] output; the first channel is the background'),
  stride: side,
});

/** What every card says. */
const common = {
  cardVersion: z.literal(1),
  name: z.string(),
  version: z.string(),
  classes: z.array(z.string()).min(1).max(4096),
  input: modelInput,
  files: z.object({ fp32: modelFile, int8: modelFile.optional() }),
};

/** What was measured on one set of pictures. */
const measurement = { set: z.string(), size: z.tuple([side, side]), precision: z.enum(['fp32', 'int8']) };

/** The card of a detector: `models/<name>/card.json`, what a model is, eats and gives, and what it was measured to do. */
export const modelCard = z.looseObject({
  ...common,
  task: z.literal('detect'),
  classes: common.classes.max(256),
  output: z.discriminatedUnion('decoder', [
    minspnetOutput,
    yoloxOutput,
    fastestdetOutput,
    nanodetOutput,
    picodetOutput,
  ]),
  minScore: z.number().min(0).max(1).describe('about where four of five detections are right'),
  nmsIou: z.number().min(0).max(1),
  calibration: z
    .record(z.string(), classCalibration)
    .optional()
    .describe('by class: what a score is worth, fitted after suppression on pictures that training did not see'),
  accuracy: z
    .array(z.looseObject({ ...measurement, ap: z.number() }))
    .optional()
    .describe('measured average precision (COCO’s, 0.50 to 0.95); the first set is the one that sizes are compared by'),
  maxInt8ApLoss: z
    .number()
    .min(0)
    .default(0.01)
    .describe('INT8 that loses more of FP32’s average precision is refused'),
});

/** The card of a classifier. Its input is square where nobody asks for another: the first of `sizes`. */
const classifierCard = z.looseObject({
  ...common,
  task: z.literal('classify'),
  output: classifierOutput,
  accuracy: z
    .array(z.looseObject({ ...measurement, top1: z.number().min(0).max(1) }))
    .optional()
    .describe('the share of pictures whose best class is theirs'),
});

/** The card of a taught model: a classifier that is a file of numbers beside another one's network. */
const taughtCard = z.looseObject({
  ...common,
  task: z.literal('classify'),
  input: z.undefined().optional(),
  output: headOutput,
  files: z.object({ head: file }),
  taughtAt: z.iso.datetime(),
});
export type TaughtCard = z.infer<typeof taughtCard>;

/** The card of a segmenter. Its input follows from the picture as a detector's does. */
const segmenterCard = z.looseObject({
  ...common,
  task: z.literal('segment'),
  classes: common.classes.max(255),
  output: segmenterOutput,
  accuracy: z
    .array(z.looseObject({ ...measurement, miou: z.number().min(0).max(1) }))
    .optional()
    .describe('mean over classes and background of intersection over union, pixel by pixel'),
});

interface Cards {
  detect: z.infer<typeof modelCard>;
  classify: z.infer<typeof classifierCard>;
  segment: z.infer<typeof segmenterCard>;
}
/** What a network does with a picture: boxes, one answer for all of it, one for each part. */
export type Task = keyof Cards;
export type ModelCard<T extends Task = 'detect'> = Cards[T];
export type AnyCard = Cards[Task] | TaughtCard;
export type Precision = keyof ModelCard['files'];

const cards = { detect: modelCard, classify: classifierCard, segment: segmenterCard };

/**
 * A card of any task. One without `task` is a detector's.
 *
 * @throws {z.ZodError}
 */
export function parseCard(content: unknown): AnyCard {
  const { task = 'detect', output } = z
    .looseObject({
      task: z.enum(['detect', 'classify', 'segment']).optional(),
      output: z.looseObject({ decoder: z.string() }).optional().catch(undefined),
    })
    .parse(content);
  const schema = task === 'classify' && output?.decoder === 'head' ? taughtCard : cards[task];
  return schema.parse({ ...(content as object), task }, { jitless: true });
}

/** Whether a card's network is another one's, with a head of its own. */
export function isTaught(card: AnyCard): card is TaughtCard {
  return card.output.decoder === 'head';
}

/** One of a model's files, which is what the card says. */
export interface VerifiedFile {
  precision: Precision;
  /** Absolute path of the ONNX file. */
  path: string;
  sha256: string;
}

/** A model whose files are what its card says. */
export interface VerifiedModel<T extends Task = 'detect'> extends VerifiedFile {
  card: ModelCard<T>;
  /** What runs on a GPU in place of this file, where nobody has named a precision. */
  onGpu?: VerifiedFile;
}
