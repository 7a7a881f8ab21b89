import { z } from 'zod';
import { eventRecord, momentType } from './event-record.js';
import { box, point } from './geometry.js';
import { cameraHealth } from './health.js';
import { cameraSettings } from './request.js';
import { cameraState, cameraStatus, info } from './status.js';

// What the daemon's HTTP server says and takes; docs/http.md has the addresses in one table. Every answer is JSON where
// nothing else is said, with status 200. Times are UTC; places are fractions of the picture.

/** Every answer that is no success: 400 (what was sent is wrong), 401, 403, 404, 409, 413, 429, 500, 503. */
export const httpError = z.object({
  error: z.string().describe('what happened and what to do, for people'),
  code: z.string().describe('stable name, `ERR_…`'),
});
export type HttpError = z.infer<typeof httpError>;

/** `GET /api/session`: also without a token. */
export const httpSession = z.object({
  tokenNeeded: z.boolean().describe('false: this server is for this machine only, everybody on it may come in'),
  authenticated: z.boolean().describe('false: `POST /api/login` first'),
});
export type HttpSession = z.infer<typeof httpSession>;

/** `POST /api/login`: 204 and a cookie for this server; 401 for a wrong token, 429 after too many of them. */
export const httpLogin = z.strictObject({ token: z.string().max(1024) });
export type HttpLogin = z.infer<typeof httpLogin>;

/** `GET /api/info`. */
export const httpInfo = z.object({
  version: z.string().describe('of the daemon'),
  node: z.string(),
  board: z.string(),
  startedAt: z.iso.datetime(),
  info: info.nullable().describe('model, provider and cameras; null until the first engine is ready'),
  classes: z.array(z.string()).describe('all that the running model knows'),
  firstRun: z.boolean().describe('there is no settings file yet: lead through camera, zone and broker'),
  settingsFile: z.string().nullable().describe('path of the settings file, or of the one that would be written'),
  revision: z
    .string()
    .describe('of the settings file as it is now; sent with a change (`?revision=`), it refuses one of another file'),
  writable: z.boolean().describe('settings can be saved'),
  events: z.boolean().describe('an event list is kept'),
  clips: z.boolean().describe('clips around events are kept'),
  live: z.object({
    maxSize: z.int().describe('longest side of live pictures, pixels'),
    maxFps: z.number().describe('live pictures a second, at most'),
  }),
});
export type HttpInfo = z.infer<typeof httpInfo>;

/** What can be drawn over a camera's picture. `PUT /api/cameras/NAME/geometry` takes all of it and answers with `saved`. */
export const geometry = z.strictObject({
  zones: z
    .record(
      z.string(),
      z.strictObject({
        polygon: z.array(point).min(3),
        classes: z.array(z.string()).min(1).optional(),
        dwellSeconds: z.number().positive().optional(),
      }),
    )
    .default({}),
  lines: z
    .record(
      z.string(),
      z.strictObject({
        from: point,
        to: point.describe('looking from `from` to `to`, left is side a and right is side b'),
        classes: z.array(z.string()).min(1).optional(),
      }),
    )
    .default({}),
  masks: z
    .record(
      z.string(),
      z.strictObject({ polygon: z.array(point).min(3), classes: z.array(z.string()).min(1).optional() }),
    )
    .default({})
    .describe('nothing is ever told of what stands in one of them'),
  region: box.nullable().default(null).describe('the part of the picture that is analysed; null: all of it'),
});
export type Geometry = z.infer<typeof geometry>;

/** With a change of the settings: the revision that it was made from. */
export const revisionQuery = z.object({ revision: z.string().max(64).optional() });

/** After settings have been written. */
export const saved = z.object({
  file: z.string().describe('that was written'),
  backup: z.string().nullable().describe('the file as it was before; null: there was none'),
  restartNeeded: z.array(z.string()).describe('settings that only a new start of the daemon applies'),
});
export type Saved = z.infer<typeof saved>;

/** `GET /api/cameras`: `{ cameras: [...] }`, in the order of the settings. */
export const httpCamera = z.object({
  name: z.string(),
  source: z.string().describe('without passwords'),
  status: cameraStatus.nullable().describe('null: nothing was heard of it yet'),
  state: cameraState.nullable(),
  settings: cameraSettings,
  classes: z.array(z.string()).nullable().describe('only these are told; null: all of the model'),
  health: cameraHealth.nullable(),
  geometry,
});
export type HttpCamera = z.infer<typeof httpCamera>;
export const httpCameras = z.object({ cameras: z.array(httpCamera) });
export type HttpCameras = z.infer<typeof httpCameras>;

/** `GET /api/settings`. */
export const httpSettings = z.object({
  file: z.string().nullable(),
  settings: z.unknown().describe('all that are in force, secrets as `***`'),
  editable: z.array(z.string()).describe('the paths that `PATCH` takes, `*` for any name: `cameras.*.minScore`'),
});
export type HttpSettings = z.infer<typeof httpSettings>;

/** `PATCH /api/settings`: all of it or, where a value is wrong (400), nothing; answers with `saved`. */
export const settingsChange = z.strictObject({
  changes: z
    .array(
      z.strictObject({
        path: z.array(z.union([z.string(), z.number()])).min(1),
        value: z.unknown().describe('null: back to the default'),
      }),
    )
    .min(1)
    .max(64),
});
export type SettingsChange = z.infer<typeof settingsChange>;

/** `GET /api/events?camera&class&type&zone&after&before&limit`: newest first. All filters are optional. */
export const eventQuery = z.strictObject({
  camera: z.string().optional(),
  class: z.string().optional(),
  type: momentType.optional(),
  zone: z.string().optional(),
  after: z.iso.datetime().optional().describe('that began at this time or later'),
  before: z.iso.datetime().optional().describe('that began before this time'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type EventQuery = z.infer<typeof eventQuery>;
export const httpEvents = z.object({
  events: z.array(eventRecord),
  before: z.string().nullable().describe('for the next page, as `before`; null: there are no more'),
});
export type HttpEvents = z.infer<typeof httpEvents>;

/** `GET /api/explain?camera&x&y&seconds`: an `explanation` (contract/explanation.ts) of that place, nearest first. */
export const explainQuery = z.strictObject({
  camera: z.string(),
  x: z.coerce.number().min(0).max(1).optional().describe('fraction of the width; without x and y: everywhere'),
  y: z.coerce.number().min(0).max(1).optional(),
  seconds: z.coerce.number().positive().max(3600).default(600),
});
export type ExplainQuery = z.infer<typeof explainQuery>;

const numbers = z.array(z.number().nullable());
const percentiles = z.object({ p50: numbers, p90: numbers, p99: numbers }).describe('milliseconds');

/** `GET /api/series?span=hour|day`: columns of one length, as uPlot takes them; null where nothing was measured. */
export const series = z.object({
  stepSeconds: z.number().describe('between two points: 10 for the hour, 240 for the day'),
  at: z.array(z.number()).describe('seconds since 1970, evenly spaced, oldest first'),
  stages: z.record(z.string(), percentiles).describe('by stage of a picture: prepare, wait, inference, track, total'),
  publish: numbers.describe('median from a message’s way out to the broker’s acknowledgement, milliseconds'),
  cpu: z.object({ engine: numbers, daemon: numbers }).describe('per cent of one core'),
  rss: z.object({ engine: numbers, daemon: numbers }).describe('bytes'),
  temperature: numbers.describe('°C'),
  watts: numbers,
  clock: numbers.describe('of the CPU, MHz; the fastest core'),
  cameras: z.record(z.string(), z.object({ fps: numbers, tracks: numbers })),
});
export type Series = z.infer<typeof series>;
export const seriesQuery = z.strictObject({ span: z.enum(['hour', 'day']).default('hour') });

/** `GET /api/counts?camera&class&from&to`, also as `/api/counts.csv`: tracks that began in each hour (UTC). */
export const countsQuery = z.strictObject({
  camera: z.string().optional(),
  class: z.string().optional(),
  from: z.iso.datetime().optional().describe('default: a day ago'),
  to: z.iso.datetime().optional().describe('default: now'),
});
export const counts = z.object({
  rows: z.array(
    z.object({
      hour: z.iso.datetime().describe('its beginning'),
      camera: z.string(),
      class: z.string(),
      count: z.int().min(0),
    }),
  ),
});
export type Counts = z.infer<typeof counts>;

/** `GET /api/heatmap?camera&class&from&to&hourFrom&hourTo`, also as `/api/heatmap.csv`: where feet stood. */
export const heatmapQuery = countsQuery.extend({
  camera: z.string(),
  hourFrom: z.coerce.number().int().min(0).max(23).optional().describe('only from this hour of the day on (UTC)'),
  hourTo: z.coerce.number().int().min(1).max(24).optional().describe('up to this hour, which is not in it'),
});
export const heatmap = z.object({
  columns: z.int(),
  rows: z.int(),
  cells: z.array(z.number()).describe('seconds that objects stood there, row by row from the top left'),
  max: z.number(),
});
export type Heatmap = z.infer<typeof heatmap>;

/** `POST /api/benchmark`, `/api/tune` (202; 409 while one runs), and `GET` of the same address: how it stands. */
export const httpTask = z.object({
  state: z.enum(['none', 'running', 'done', 'failed']),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  progress: z
    .object({ round: z.int().min(1), candidates: z.int(), done: z.number().min(0).max(1) })
    .nullable()
    .describe('of `tune`: its round, how many ways are tried in it, and how much of it is done; null: nobody says'),
  result: z.unknown().describe('a `benchmarkSummary` or a `tuning`; null until it is done'),
  error: httpError.nullable(),
});
export type HttpTask = z.infer<typeof httpTask>;

/** `POST /api/discover`: what cameras in the network are asked with for their streams (sent to them as a digest only). */
export const discoveryLogin = z.strictObject({
  username: z.string().min(1).max(1024).optional(),
  password: z.string().max(1024).optional(),
});
export type DiscoveryLogin = z.infer<typeof discoveryLogin>;
/** Its answer, which takes seconds. */
export const discovery = z.object({
  cameras: z.array(
    z.object({
      source: z.string().describe('for the settings, as it is'),
      name: z.string().describe('what it calls itself'),
      where: z.enum(['board', 'network']),
      detail: z.string(),
    }),
  ),
  locked: z
    .array(z.object({ name: z.string(), host: z.string() }))
    .describe('cameras in the network that tell their streams only to whoever has a user name and a password for them'),
  notes: z.array(z.string()).describe('what could not be looked at, and why'),
});
export type Discovery = z.infer<typeof discovery>;

/** A camera as it is added: `POST /api/test-source` answers with its picture (image/jpeg), or 400 with the reason. */
export const newCamera = z.strictObject({
  source: z.string().min(1).max(2048),
  network: z.strictObject({ username: z.string().optional(), password: z.string().optional() }).optional(),
  zones: geometry.shape.zones.unwrap().optional(),
  lines: geometry.shape.lines.unwrap().optional(),
  classes: z.array(z.string()).min(1).optional(),
  fps: z.number().positive().max(120).optional(),
});
export type NewCamera = z.infer<typeof newCamera>;

/** `POST /api/test-broker`, and the broker of the first run; answers with `brokerTest`. */
export const newBroker = z.strictObject({
  url: z.string().min(1).max(2048),
  username: z.string().max(1024).optional(),
  password: z.string().max(1024).optional(),
});
export type NewBroker = z.infer<typeof newBroker>;
export const brokerTest = z.object({
  ok: z.boolean(),
  reason: z.string().describe('what happened and what to do, for people'),
  code: z.string().nullable(),
});
export type BrokerTest = z.infer<typeof brokerTest>;

/** `POST /api/first-run`: writes the settings file; answers with `saved`. 409 where there is one. */
export const firstRun = z.strictObject({
  node: z.string().optional(),
  cameras: z.record(z.string(), newCamera),
  mqtt: newBroker.optional().describe('without it, our own broker on this machine'),
});
export type FirstRun = z.infer<typeof firstRun>;

// `POST /api/requests/NAME` carries out what can be asked for over MQTT (contract/request.ts): the body is what the
// request needs, the answer what it gives. `explain`, `snapshot` and `still` have addresses of their own here.
