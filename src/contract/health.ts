import { z } from 'zod';
import { cameraStatus, inputChoice, providerFacts } from './status.js';
import { candidate } from './tuning.js';

const count = z.int().min(0);

/** What one camera did since the start of its engine. */
export const cameraHealth = z.object({
  state: cameraStatus.shape.state,
  reason: z.string().describe('why it is in that state'),
  fps: z.number().describe('frames analysed a second, over the last ten seconds, or ten pictures of a slow camera'),
  frames: count.describe('analysed'),
  still: count.describe('of them, pictures in which nothing had changed, so that the network was spared them'),
  skipped: count.describe('captured, but a newer one came before the network was free'),
  decodeErrors: count,
  snapshotErrors: count.describe('snapshots that could not be made: their events come without'),
  outlinesSkipped: count
    .optional()
    .describe('pictures that were not segmented, since the next one would have come late; where there is a segmenter'),
  stalls: count.describe('times that no picture came for a while'),
  reconnects: count.describe('times that it was lost and came back'),
  losses: z.record(z.string(), count).describe('broken connections and failed attempts by the code of their error'),
  clockJumps: count.describe('time stamps of the source that leapt, and times that the board itself was asleep'),
  tracks: count.describe('confirmed and open now'),
  background: count.describe(
    'places where something always looks like an object and never is; nothing is told of them',
  ),
  inferenceMs: z.number().nullable().describe('mean over the same time; null when the network did not run'),
  input: z
    .tuple([z.int().positive(), z.int().positive()])
    .nullable()
    .describe('[width, height] of the network’s input of its pictures; null before the first one'),
  waitP99Ms: z.number().nullable().describe('99th percentile of the wait for the network, last 1000 pictures'),
});
export type CameraHealth = z.infer<typeof cameraHealth>;

/** What a sensor says, and how much that is worth. */
function reading<Value extends z.ZodType>(value: Value) {
  return z.object({
    value: value.nullable().describe('null: not known now'),
    unit: z.string(),
    source: z.string().describe('the sensor; `none` where the board has none'),
    scope: z.string().describe('what the value covers, and what it can’t see'),
    why: z.string().optional().describe('why the value is null though there is a sensor'),
  });
}

/** The board's own sensors. */
export const sensorsHealth = z.object({
  temperature: reading(z.number()),
  power: reading(z.number()),
  throttled: reading(z.boolean()).describe('the firmware slows the chip down'),
  underVoltage: reading(z.boolean()),
  fan: reading(z.number()),
  powerMode: reading(z.string()).describe('of a Jetson, as nvpmodel calls it'),
  gpuClock: reading(z.number()),
  gpuLoad: reading(z.number()).describe('all programs'),
});
export type SensorsHealth = z.infer<typeof sensorsHealth>;

/** What the governor allows, and why. */
export const governorHealth = z.object({
  rate: z.number().min(0).max(1).describe('fraction of the rate that each camera is set to'),
  pixels: z.number().min(0).max(1).describe('of the network’s input, fraction of the most'),
  heldBackBy: z
    .enum(['temperature', 'watts', 'cpu'])
    .nullable()
    .describe('the limit that keeps the cameras from more; null: none does'),
  holds: z.boolean().describe('false: even the least that can be asked for is above a limit'),
  reason: z.string(),
  limits: z
    .record(z.string(), z.number())
    .describe('as they are held: lower than the settings’ where the firmware throttled below them'),
});
export type GovernorHealth = z.infer<typeof governorHealth>;

/** How this board runs the model by what `minspnet tune` measured. */
export const tuningHealth = z.object({
  model: z.string().describe('its name'),
  choice: candidate.nullable().describe('what is in use; null: the defaults and the settings'),
  kept: z.array(z.string()).describe('settings that a person has set, which stand above the choice'),
  at: z.iso.datetime().optional().describe('when it was measured'),
  reason: z.string().describe('why this choice, or why none is in use'),
});
export type TuningHealth = z.infer<typeof tuningHealth>;

/** Which settings are in force. */
export const settingsHealth = z.object({
  loadedAt: z.iso.datetime().describe('when those in force were read'),
  refused: z
    .object({ at: z.iso.datetime(), code: z.string(), message: z.string() })
    .nullable()
    .describe('why they could not be read again: those before are in force; null: the last attempt went well'),
  restartNeeded: z.array(z.string()).describe('settings that have changed, but only a new start applies them'),
});
export type SettingsHealth = z.infer<typeof settingsHealth>;

/** A newer version of the model in use that `model.updates` offers. */
export const modelUpdateHealth = z.object({
  installed: z.string().describe('version of the model in use'),
  latest: z.string().describe('the newest that is known; the same where nothing newer is offered'),
});
export type ModelUpdateHealth = z.infer<typeof modelUpdateHealth>;

/** `minspnet/<node>/health`: retained, every few seconds. */
export const health = z.object({
  at: z.iso.datetime(),
  uptimeSeconds: z.number(),
  engine: z.object({
    state: z.string(),
    restarts: count,
    rssBytes: count,
    provider: providerFacts.optional().describe('once an engine has been ready'),
    input: inputChoice.optional().describe('of the network, likewise'),
  }),
  daemon: z.object({ rssBytes: count }),
  outbox: z.object({
    waiting: count,
    dropped: count.describe('oldest events given up because the outbox was full'),
    delivered: count,
  }),
  requests: z.object({
    done: count.describe('carried out'),
    failed: count.describe('answered with an error'),
    refused: count.describe('not answered: too many, or nobody to answer'),
  }),
  broker: z
    .object({ medianMs: z.number(), worstMs: z.number() })
    .nullable()
    .describe('from a message’s way out to the broker’s acknowledgement, over the last period; null: there was none'),
  sensors: sensorsHealth,
  governor: governorHealth.optional().describe('where there are limits'),
  tuning: tuningHealth,
  settings: settingsHealth.optional(),
  modelUpdate: modelUpdateHealth.optional().describe('where `model.updates` offers the model in use'),
  cameras: z.record(z.string(), cameraHealth),
});
export type Health = z.infer<typeof health>;
