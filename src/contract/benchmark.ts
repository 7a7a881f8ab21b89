import { z } from 'zod';

/** Raised when a field of the document changes its meaning. */
export const benchmarkVersion = 1;

const count = z.int().min(0);
const nullable = z.number().nullable();

/** Samples of one quantity. Nothing is clipped; a percentile is `sorted[floor(n·p)]`. */
export const distribution = z.object({
  samples: count,
  mean: nullable,
  min: nullable,
  max: nullable,
  p50: nullable,
  p90: nullable.describe('null below 64 samples: too few to tell'),
  p99: nullable.describe('null below 662 samples: too few to tell'),
});
export type Distribution = z.infer<typeof distribution>;

export const histogram = z.object({
  from: z.number(),
  step: z.number(),
  counts: z.array(count).describe('the last one also holds everything above'),
});
export type Histogram = z.infer<typeof histogram>;

const measuredEnergy = z.object({
  measured: z.literal(true),
  source: z.string().describe('the sensor'),
  scope: z.string().describe('what the sensor sees, and what it can’t'),
  samples: count,
  hertz: z.number().describe('samples a second'),
  meanWatts: z.number(),
  peakWatts: z.number().describe('of the samples; shorter peaks are not seen'),
  idleWatts: z.number().describe('mean of the idle baseline in the same run'),
  joules: z.number().describe('an inference (or a picture of the daemon), all that the sensor sees'),
  joulesAboveIdle: z.number(),
});

/** Energy by the trapezoid rule, or why there is none. */
export const energy = z.discriminatedUnion('measured', [
  measuredEnergy,
  z.object({ measured: z.literal(false), why: z.string() }),
]);
export type Energy = z.infer<typeof energy>;

const reading = z.object({
  value: z.unknown(),
  unit: z.string(),
  source: z.string(),
  scope: z.string(),
  why: z.string().optional(),
});

/** What the board said of itself at one moment. */
const boardState = z.object({
  temperature: reading,
  clocks: z.array(
    z.object({ cores: z.array(count), current: reading, limit: reading, governor: z.string().nullable() }),
  ),
  throttling: reading,
  underVoltage: reading,
  fan: reading,
  powerMode: reading,
  gpu: z.object({ clock: reading, limit: reading, load: reading }),
  load: z.number().describe('processes that wanted a core in the last minute, on average; all of this machine'),
});

const provider = z.object({ requested: z.string(), active: z.string(), reason: z.string().optional() });

/** One model, in turns with the others. */
const modelResult = z.object({
  name: z.string(),
  version: z.string(),
  precision: z.string(),
  sha256: z.string(),
  input: z.tuple([count, count]).describe('[width, height]'),
  provider,
  loadMs: z.number().describe('from the file to a session'),
  warmUp: z.object({ runs: count, ms: z.number() }),
  inferenceMs: distribution,
  histogram,
  cpuMs: z.number().describe('CPU time an inference, all threads'),
  ratio: z
    .object({
      to: z.string(),
      rounds: count,
      median: z.number().describe('of the rounds’ ratios of mean latency'),
      low: z.number().describe('lower quartile'),
      high: z.number().describe('upper quartile'),
    })
    .nullable()
    .describe('null for the first model, which the others are compared with'),
  energy,
});
export type ModelResult = z.infer<typeof modelResult>;

const stageResult = z.object({
  name: z.string(),
  wallMs: distribution,
  cpuShare: nullable.describe('of the CPU time of all stages, 0..1'),
});
export type StageResult = z.infer<typeof stageResult>;

/** The whole daemon at its work. */
const daemonResult = z.object({
  broker: z.string().describe('which one, without credentials'),
  fps: z.number().describe('pictures analysed a second'),
  pictures: count,
  skipped: count.describe('due, but the network was busy; a file waits in place of that'),
  decodeErrors: count,
  coldStartMs: z.object({
    ready: nullable.describe('from the start of the process until the network is loaded'),
    firstResult: nullable.describe('until a subscriber has the first picture’s detections'),
  }),
  peakRssBytes: z.object({ engine: nullable, daemon: nullable, both: nullable }),
  cpuPercent: z
    .object({ engine: nullable, daemon: nullable, both: nullable })
    .describe('of one core, between two looks at the kernel’s accounts'),
  captureToPublishMs: distribution.describe('from the decoded picture to a subscriber, every picture’s detections'),
  eventsMs: distribution.describe('the same for events, which go through the outbox'),
  inferenceMs: distribution,
  addedMs: distribution.describe('capture to publish less inference, picture by picture; decoding comes before both'),
  histogram,
  energy,
});
export type DaemonResult = z.infer<typeof daemonResult>;

const point = z.tuple([z.number(), nullable]).describe('[seconds since the start, value]');

/** Curves over time, thinned out for drawing. */
const series = z.object({
  parts: z.array(z.object({ name: z.string(), from: z.number(), to: z.number() })),
  latencyMs: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.number()]))
    .describe('of the first model: [seconds, least, median, most]'),
  temperature: z.array(point),
  megahertz: z.array(point).describe('the fastest core'),
  watts: z.array(point),
});
export type Series = z.infer<typeof series>;

/** What `minspnet bench --json` writes. */
export const benchmark = z.object({
  benchmarkVersion: z.literal(benchmarkVersion),
  at: z.iso.datetime(),
  version: z.string(),
  board: z.object({
    model: z.string(),
    soc: z.string().optional(),
    cpu: z.string(),
    cores: count,
    memoryBytes: count,
    os: z.string(),
    kernel: z.string(),
    virtualHost: z
      .string()
      .nullable()
      .describe('the hypervisor, where the machine is virtual: its host has other work'),
  }),
  runtime: z.object({
    node: z.string(),
    onnxruntime: z.string(),
    threads: count,
    spinning: z.boolean(),
  }),
  source: z.object({ name: z.string(), width: count, height: count, fps: z.number() }),
  durationSeconds: z.number().describe('of each part'),
  rate: z.union([z.literal('max'), z.number()]),
  before: boardState,
  after: boardState,
  models: z.array(modelResult).min(1),
  stages: z.array(stageResult),
  daemon: daemonResult,
  series,
});
export type Benchmark = z.infer<typeof benchmark>;

/** `minspnet/<node>/benchmark`: the figures by which boards are compared. Retained. */
export const benchmarkSummary = z.object({
  benchmarkVersion: z.literal(benchmarkVersion),
  at: z.iso.datetime(),
  version: z.string(),
  board: z.string(),
  model: z.object({ name: z.string(), version: z.string(), precision: z.string(), sha256: z.string() }),
  input: z.tuple([count, count]),
  provider,
  threads: count,
  inferenceMs: distribution,
  fps: z.number(),
  cpuPercent: nullable.describe('both processes, of one core'),
  peakRssBytes: nullable,
  captureToPublishMs: distribution,
  energy,
  temperature: z.object({ before: nullable, after: nullable }).describe('°C'),
  throttled: z.boolean().nullable().describe('by the firmware, at the end; null where nobody says'),
  load: z.number().describe('processes that wanted a core in the minute before, on average'),
  camerasFps: nullable
    .optional()
    .describe('asked for by request: pictures a second that the daemon went on analysing for its cameras meanwhile'),
});
export type BenchmarkSummary = z.infer<typeof benchmarkSummary>;
