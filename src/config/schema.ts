import { z } from 'zod';
import { box, type Point, point } from '../contract/geometry.js';
import { type RequestName, requestNames } from '../contract/request.js';
import { reservedNames } from '../contract/topics.js';
import { brokerUrlMistake, cameraSourceMistake } from './address.js';
import { libcameraOptions, networkOptions, pictureSize, refuseForeignOptions, v4l2Options } from './camera-options.js';
import { historySettings } from './history-settings.js';
import { httpSettings } from './http-settings.js';
import { classifierSettings, stateSettings } from './learnt-settings.js';

/** Two points nearer than this are one: a thousandth of the picture is about one pixel. */
const smallestLength = 1e-3;
/** A zone smaller than this holds no pixel of a 1000 x 1000 picture. */
const smallestArea = 1e-6;
/** Of a region, fraction of the picture’s width and height: less is a pixel mush for the network. */
const smallestRegion = 0.125;

/** A day: longer than anything is waited for, and short enough for every timer. Seconds. */
const longestSeconds = 86_400;
/** A year. */
const longestHours = 8760;
const seconds = z.number().positive().max(longestSeconds);

/**
 * A name that becomes a level of an MQTT topic and a part of a file name: letters, digits, `_` and `-`.
 * So `+`, `#`, `/`, spaces and control characters can't get into a topic.
 */
const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name: 1 to 64 letters, digits, "_" or "-" (it becomes a level of an MQTT topic)');

/** The levels beside the cameras' are ours. */
const cameraName = name.regex(
  new RegExp(`^(?!(${reservedNames.join('|')})$)`),
  `a name other than ${reservedNames.map((reserved) => `"${reserved}"`).join(' and ')}: those topics are taken`,
);

/** A rule that says itself what should have been there. */
function refuse(mistake: (value: string) => string | undefined) {
  return (value: string, context: z.RefinementCtx): void => {
    const message = mistake(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}

const classes = z.array(z.string()).min(1).describe('only these classes; all of the model where it is not given');

/** Area inside a polygon by the shoelace formula, fraction of the picture. */
function areaOf(corners: readonly Point[]): number {
  let twice = 0;
  let previous = corners.at(-1);
  for (const corner of corners) {
    if (previous) twice += previous[0] * corner[1] - corner[0] * previous[1];
    previous = corner;
  }
  return Math.abs(twice) / 2;
}

const zone = z.strictObject({
  polygon: z
    .array(point)
    .min(3)
    .refine((corners) => areaOf(corners) >= smallestArea, 'corners that enclose an area')
    .describe('corners in order, fractions of the picture'),
  classes: classes.optional(),
  dwellSeconds: seconds.optional().describe('a `dwell` event after an object has stayed that long'),
});
export type ZoneSettings = z.infer<typeof zone>;

const mask = z.strictObject({
  polygon: zone.shape.polygon,
  classes: classes.optional().describe('only these are left out; all where it is not given'),
});

const line = z
  .strictObject({
    from: point,
    to: point.describe('looking from `from` to `to`, left is side a and right is side b'),
    classes: classes.optional(),
  })
  .refine(
    ({ from, to }) => Math.hypot(to[0] - from[0], to[1] - from[1]) >= smallestLength,
    'two ends that do not coincide',
  );
export type LineSettings = z.infer<typeof line>;

const motion = z.strictObject({
  gate: z.boolean().default(true).describe('the network is spared pictures in which nothing has changed'),
  threshold: z
    .int()
    .min(1)
    .max(255)
    .default(8)
    .describe('by how much a spot of 4x4 pixels of the network’s input must change to count, grey levels of 256'),
  refreshSeconds: seconds.default(2).describe('the network looks at least that often'),
});
export type MotionSettings = z.infer<typeof motion>;
/** How a live source is watched and opened again; a file needs none of it. */
const recovery = z.strictObject({
  openSeconds: seconds.default(10).describe('how long an attempt may take until its first picture'),
  stallSeconds: seconds
    .default(1)
    .describe('it has stalled without a picture for so long, or for 10 frame times where that is longer'),
  reconnectSeconds: seconds.default(4).describe('it is opened again after having stalled for so long'),
  frozenSeconds: z
    .number()
    .min(0)
    .max(longestSeconds)
    .default(300)
    .describe('it is opened again when its picture has been the same, bit for bit, for so long; 0: never'),
  retrySeconds: seconds.default(0.5).describe('before the first new attempt; half of it is left to chance'),
  maxRetrySeconds: seconds.default(10).describe('each wait is 1.5 times the last, up to this'),
  hangSeconds: seconds.default(60).describe('an attempt that can’t be ended for so long costs the engine a restart'),
});
export type RecoverySettings = z.infer<typeof recovery>;

const cameraSettings = z.strictObject({
  source: z
    .string()
    .superRefine(refuse(cameraSourceMistake))
    .describe(
      'where the pictures come from: a file, `demo`, `rtsp://…`, `v4l2:/dev/video0`, `libcamera:0`, `gstreamer:…`',
    ),
  friendlyName: z.string().trim().min(1).max(64).optional().describe('what people call it, as in Home Assistant'),
  area: z.string().trim().min(1).max(64).optional().describe('where it hangs: suggested to Home Assistant as its area'),
  fps: z.number().positive().max(120).default(10).describe('pictures analysed a second, at most'),
  pace: z
    .enum(['realtime', 'max'])
    .default('realtime')
    .describe('a file at its own rate, or as fast as possible (every frame)'),
  loop: z.boolean().default(false).describe('a file starts over when it ends'),
  classes: classes.optional(),
  minScore: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('nothing is told whose best score is lower; in place of the model card’s'),
  motion: motion.prefault({}),
  region: box
    .refine(
      ([left, top, right, bottom]) => right - left >= smallestRegion && bottom - top >= smallestRegion,
      'left, top, right, bottom with left < right and top < bottom, an eighth of the picture or more apart',
    )
    .optional()
    .describe('[left, top, right, bottom]: the part of the picture that is analysed, fractions of it'),
  tiles: z
    .enum(['2x1', '2x2'])
    .optional()
    .describe(
      'of a camera that stands still: the whole and so many tiles (across x down) are looked at in turn, a picture each, so that what is too small for the whole is found',
    ),
  recovery: recovery.prefault({}),
  zones: z.record(name, zone).default({}),
  lines: z.record(name, line).default({}),
  states: z.record(name, stateSettings).default({}).describe('regions that are in one of a few states: a gate, a bin'),
  segmenter: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'a model that outlines objects, `minspnet-s-seg` or a folder: events bring outlines, zones test their foot; none by default',
    ),
  masks: z.record(name, mask).default({}).describe('nothing is ever told of what stands in one of them'),
  size: pictureSize.optional(),
  captureFps: z.number().positive().max(240).optional().describe('pictures a second asked of the camera'),
  decoder: z
    .enum(['auto', 'software', 'v4l2m2m', 'cuda'])
    .optional()
    .describe('what decodes; auto: hardware where this board has it; the CPU where the one asked for fails'),
  libcamera: libcameraOptions.optional(),
  v4l2: v4l2Options.optional(),
  network: networkOptions.optional(),
});
const camera = cameraSettings.superRefine(refuseForeignOptions);
export type CameraSettings = z.infer<typeof camera>;

/** One switch a request. */
const requestSwitches = Object.fromEntries(
  requestNames.map((name) => [name, z.boolean().default(true)]),
) as unknown as Record<RequestName, z.ZodDefault<z.ZodBoolean>>;

/** All settings of a node. The one source of types, defaults, messages and `config/schema.json`. */
export const settingsSchema = z.strictObject({
  node: name.default('minspnet').describe('this board’s name in every topic'),
  cameras: z
    .record(cameraName, camera)
    .default({})
    .describe('none: the board’s own camera if it has one, else the demo clip'),
  model: z
    .strictObject({
      path: z.string().default('minspnet-s').describe('a model that we ship by name, or a folder with a card.json'),
      precision: z
        .enum(['auto', 'fp32', 'int8'])
        .default('auto')
        .describe('auto: INT8 where the model has it, but FP32 on CUDA and TensorRT: see docs/jetson.md'),
      size: z
        .union([z.literal('auto'), z.tuple([z.int().positive(), z.int().positive()])])
        .default('auto')
        .describe(
          '[width, height] of the network’s input; auto: the largest that this board can afford, in the shape of each camera’s picture',
        ),
      keys: z
        .array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'an ed25519 public key: the base64 of its 32 bytes'))
        .default([])
        .describe('who may offer models to `minspnet model add` at an address: see docs/models.md'),
      updates: z
        .url({ protocol: /^(https|file)$/, error: 'the https: or file: address of a signed card.json' })
        .optional()
        .describe('looked at once a day; a newer version is shown, and installed by the request `updateModel`'),
    })
    .prefault({}),
  runtime: z
    .strictObject({
      provider: z
        .enum(['auto', 'cpu', 'cuda', 'tensorrt'])
        .default('auto')
        .describe('auto: the best that runs here; what does not run is told, and the next one takes over'),
      library: z
        .string()
        .regex(/^\/[^\s:]+$/, 'an absolute path without spaces and colons (the dynamic linker takes no other)')
        .optional()
        .describe('another libonnxruntime.so, such as one that was built for a Jetson: see docs/jetson.md'),
      threads: z.int().min(1).max(64).default(1),
      spinning: z.boolean().default(false).describe('threads wait busily for work: a little faster, much more CPU'),
    })
    .prefault({}),
  classifiers: z
    .record(name, classifierSettings)
    .default({})
    .describe('what objects are besides their class, told as `attributes` of their events: see docs/teaching.md'),
  limits: z
    .strictObject({
      temperature: z.number().min(30).max(110).optional().describe('of the chip, °C'),
      watts: z.number().positive().optional().describe('what the board’s power sensor says'),
      cpu: z.number().positive().optional().describe('of daemon and engine together, per cent of one core'),
    })
    .prefault({})
    .describe('rate and input size are lowered to stay below them; none is watched by default'),
  events: z
    .strictObject({
      updateSeconds: seconds.default(2).describe('no two `update` events of a track are closer than that'),
      detections: z
        .boolean()
        .default(false)
        .describe('what the network sees in each picture is said as well, on `…/<camera>/detections`'),
      snapshot: z
        .strictObject({
          quality: z.int().min(1).max(100).default(80).describe('JPEG'),
          maxSize: z.int().min(32).max(4096).default(640).describe('longest side, pixels'),
          maxBytes: z
            .int()
            .min(2048)
            .default(256 * 1024)
            .describe('what would be larger is made again with fewer pixels'),
          drawBox: z.boolean().default(false).describe('the object is outlined'),
        })
        .prefault({}),
    })
    .prefault({}),
  mqtt: z
    .strictObject({
      url: z
        .string()
        .superRefine(refuse(brokerUrlMistake))
        .optional()
        .describe('of your broker, `mqtt://host:1883`; none: our own broker on this machine'),
      fallbackUrls: z
        .array(z.string().superRefine(refuse(brokerUrlMistake)))
        .default([])
        .describe('brokers that stand in for it, tried in turn while it is away'),
      username: z.string().optional(),
      password: z.string().optional().describe('use `!secret NAME`, or the environment'),
      tls: z
        .strictObject({
          ca: z.string().optional().describe('PEM file of the certificates to trust, in place of the system’s'),
          certificate: z.string().optional().describe('PEM file of our own, where the broker wants one'),
          key: z.string().optional().describe('PEM file of its key'),
          serverName: z.string().optional().describe('whom the broker’s certificate is for, if not the host of `url`'),
          verify: z
            .boolean()
            .default(true)
            .describe('false: anybody in between can read and change all; for trials only'),
        })
        .prefault({}),
      keepAliveSeconds: z
        .int()
        .min(1)
        .max(65535)
        .default(20)
        .describe('silence after which each side finds out whether the other is there'),
      baseTopic: name.default('minspnet'),
      connectSeconds: seconds.default(10).describe('how long the broker may take to answer'),
      homeAssistant: z
        .strictObject({
          enabled: z.boolean().default(true).describe('announces the board and its cameras to Home Assistant'),
          prefix: z
            .string()
            .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'a topic of letters, digits, "_", "-" and "/"')
            .default('homeassistant')
            .describe('its discovery prefix'),
          supportUrl: z
            .url({ protocol: /^https?$/, error: 'the http: or https: address of a page' })
            .optional()
            .describe('where whoever looks after the boards gives help; shown with the devices'),
        })
        .prefault({}),
      frigateCompatible: z
        .boolean()
        .default(false)
        .describe('says everything a second time the way Frigate does, for blueprints that are written for it'),
      frigateTopic: name.default('frigate').describe('first level of those topics; one a board'),
      broker: z
        .strictObject({
          host: z.string().default('127.0.0.1'),
          port: z
            .int()
            .min(0)
            .max(65535)
            .default(1883)
            .describe('the next free one is taken where it was not asked for by name'),
          username: z.string().min(1).optional().describe('who may come in; everybody on this machine if not given'),
          password: z.string().min(8).optional().describe('use `!secret NAME`, or the environment'),
          certificate: z.string().optional().describe('PEM file: TLS, which any host but this machine needs'),
          key: z.string().optional().describe('PEM file of its key'),
        })
        .prefault({}),
    })
    .prefault({}),
  http: httpSettings,
  history: historySettings,
  outbox: z
    .strictObject({
      maxEvents: z.int().min(1).default(100_000),
      maxBytes: z
        .int()
        .min(4096)
        .default(64 * 1024 * 1024),
      maxAgeHours: z.number().positive().max(longestHours).default(168).describe('events older than that are given up'),
      fsync: z
        .boolean()
        .default(false)
        .describe('each batch reaches the disk itself before it is published: survives a power cut, wears flash'),
    })
    .prefault({}),
  requests: z
    .strictObject({
      perSecond: z.number().positive().max(1000).default(10).describe('more than that are refused, and counted'),
      changes: z
        .union([z.boolean(), name])
        .default(true)
        .describe(
          'all that change something (detect, rate, minScore, restart, reload, swapModel, updateModel, clearBackground, assign, collect, teach): false switches them off, a name takes them only at `request/<name>/…`, so that your broker can be told who may',
        ),
      responseTopics: z
        .array(
          z.string().regex(/^[^$+#\0][^+#\0]*\/$/, 'the beginning of a topic, such as `answers/`; no wildcard, no $'),
        )
        .default([])
        .describe('answers may be given at topics that begin so, besides those below the base topic'),
      ...requestSwitches,
    })
    .prefault({})
    .describe('what may be asked for over MQTT; false switches one off'),
  stateDirectory: z
    .string()
    .optional()
    .describe('for the outbox; default $STATE_DIRECTORY, else ~/.local/state/minspnet'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      format: z.enum(['auto', 'text', 'json']).default('auto').describe('auto: text in a terminal, JSON elsewhere'),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type RuntimeSettings = Settings['runtime'];
export type ModelSettings = Settings['model'];
export type EventSettings = Settings['events'];
export type MqttSettings = Settings['mqtt'];
export type OutboxSettings = Settings['outbox'];
export type LogSettings = Settings['log'];
