import { z } from 'zod';
import { box, point } from './geometry.js';

const endReasons = [
  'gone',
  'source-ended',
  'camera-lost',
  'camera-restart',
  'detect-off',
  'engine-restart',
  'stopping',
] as const;
/** Why a track is over. */
export const endReason = z.enum(endReasons);
export type EndReason = z.infer<typeof endReason>;

/** Which side of a line an object came from, as seen looking from the line's `from` to its `to`: left is a. */
export const direction = z.enum(['a-to-b', 'b-to-a']);
export type Direction = z.infer<typeof direction>;

/** What a classifier says of an object, by a vote over its best pictures. */
export const attribute = z.object({
  class: z.string().describe('of the classifier’s model'),
  score: z.number().min(0).max(1).describe('mean over the pictures that were voted with'),
});
export type Attribute = z.infer<typeof attribute>;

/** What an object covers, by a segmenter. */
export const outline = z.object({
  polygon: z.array(point).min(3).max(32).describe('corners in order'),
  area: z.number().min(0).max(1).describe('share of the picture that the object covers, without holes'),
});
export type Outline = z.infer<typeof outline>;

const sighting = {
  camera: z.string(),
  id: z.string().describe('the track; unique over restarts of the board'),
  class: z.string(),
  score: z.number().min(0).max(1).describe('of the newest detection'),
  bestScore: z.number().min(0).max(1).describe('the best of the track so far'),
  box,
  zones: z
    .array(z.string())
    .describe(
      'the zones that it stands in: with the foot of its outline where there is one, else the middle of the lower edge',
    ),
  speed: z.number().min(0).describe('picture widths a second, smoothed'),
  stationary: z.boolean(),
  attributes: z
    .record(z.string(), attribute)
    .optional()
    .describe('what kind of object it is, by the settings’ `classifiers`; an `update` tells of a new one'),
  outline: outline
    .optional()
    .describe('what it covers, where the camera has a `segmenter` that sees it and had the time'),
  ageMs: z.number().min(0).describe('since the first detection of the track'),
  capturedAt: z.iso.datetime().describe('UTC, when the picture was captured'),
  capturedMonotonicMs: z.number().describe('the same instant on the board’s monotonic clock'),
};

const kinds = {
  new: {},
  update: {},
  end: {
    reason: endReason,
    clip: z
      .string()
      .optional()
      .describe(
        'URL of the MP4 around it, where clips are kept; it is there a few seconds later, if its camera sends video',
      ),
  },
  crossing: {
    line: z.string(),
    direction,
    counts: z
      .object({ 'a-to-b': z.int().min(0), 'b-to-a': z.int().min(0) })
      .describe('of this class over this line since the start'),
  },
  enter: { zone: z.string() },
  leave: { zone: z.string(), dwellMs: z.number().min(0) },
  dwell: { zone: z.string(), dwellMs: z.number().min(0) },
  /** No object: `class` is the name of the state, `box` its region, and `id` names the stay in `to`. */
  state: { from: z.string().describe('`unknown` where nobody could tell'), to: z.string() },
};

/** What is known of an event when the pipeline sees it happen. */
export const observation = z.discriminatedUnion('type', [
  z.object({ type: z.literal('new'), ...sighting, ...kinds.new }),
  z.object({ type: z.literal('update'), ...sighting, ...kinds.update }),
  z.object({ type: z.literal('end'), ...sighting, ...kinds.end }),
  z.object({ type: z.literal('crossing'), ...sighting, ...kinds.crossing }),
  z.object({ type: z.literal('enter'), ...sighting, ...kinds.enter }),
  z.object({ type: z.literal('leave'), ...sighting, ...kinds.leave }),
  z.object({ type: z.literal('dwell'), ...sighting, ...kinds.dwell }),
  z.object({ type: z.literal('state'), ...sighting, ...kinds.state }),
]);
export type Observation = z.infer<typeof observation>;
export type EventType = Observation['type'];

const delivery = z.object({
  stream: z
    .string()
    .describe('names the numbering of `seq`; another one means that the board lost its own and counts anew'),
  seq: z.int().min(1).describe('counts up by one an event of this camera, over restarts; a hole is announced as a gap'),
  publishedAt: z.iso.datetime().describe('UTC, when it was handed to the broker'),
  publishedMonotonicMs: z
    .number()
    .describe('the same instant on the board’s monotonic clock, which begins anew with each start of the board'),
  replayed: z.boolean().describe('true when it waited in the outbox for the broker'),
  snapshot: z.string().optional().describe('topic of the snapshot that was published before this event'),
});

/** `minspnet/<node>/<camera>/events`: an observation with what the delivery adds. QoS 1, never retained. */
export const event = z.intersection(observation, delivery);
export type Event = z.infer<typeof event>;

/**
 * `minspnet/<node>/<camera>/events` too: numbers that will never come, so that a subscriber doesn't wait for them.
 * Of `from` to `to`, those that it has not had by now are lost: given up because the outbox was full, or gone with
 * a damaged disk. It has no `seq`; it comes in the place of what it speaks of. QoS 1, never retained.
 */
export const gap = z.object({
  type: z.literal('gap'),
  camera: z.string(),
  from: z.int().min(1).describe('first `seq` that may be missing'),
  to: z.int().min(1).describe('last `seq` that may be missing'),
  at: z.iso.datetime().describe('UTC, when it was noticed'),
});
export type Gap = z.infer<typeof gap>;

/** All that is said on `…/<camera>/events`, told apart by `type`. */
export const eventMessage = z.union([event, gap]);
export type EventMessage = z.infer<typeof eventMessage>;

/** What a newer board may say: a type or a reason of which this version does not know. It is passed on as it is. */
export const laterEvent = z
  .looseObject({
    type: z.string(),
    camera: z.string(),
    stream: z.string(),
    seq: z.int().min(1),
    reason: z.string().optional(),
  })
  .refine(isLater);

/** Whether this version does not know the type or the reason. */
export function isLater({ type, reason }: { type: string; reason?: string | undefined }): boolean {
  const isKnown = type === 'gap' || type in kinds;
  return !isKnown || (type === 'end' && reason !== undefined && !(endReasons as readonly string[]).includes(reason));
}

/** One line that a person understands. */
export function describeEvent(seen: Observation): string {
  const what = `${seen.camera}: ${seen.class} ${seen.id} `;
  const percent = `${Math.round(seen.score * 100)} %`;
  switch (seen.type) {
    case 'new':
      return `${what}appeared, ${percent}${seen.zones.length > 0 ? ` in ${seen.zones.join(', ')}` : ''}`;
    case 'update':
      return `${what}${seen.stationary ? 'stands' : 'moves'}, ${percent}`;
    case 'end':
      return `${what}is over (${seen.reason}) after ${(seen.ageMs / 1000).toFixed(1)} s`;
    case 'crossing':
      return `${what}crossed ${seen.line} ${seen.direction} (${seen.counts[seen.direction]} so far)`;
    case 'enter':
      return `${what}entered ${seen.zone}`;
    case 'leave':
      return `${what}left ${seen.zone} after ${(seen.dwellMs / 1000).toFixed(1)} s`;
    case 'state':
      return `${seen.camera}: ${seen.class} is ${seen.to}, it was ${seen.from}`;
    case 'dwell':
      return `${what}has been in ${seen.zone} for ${(seen.dwellMs / 1000).toFixed(1)} s`;
  }
}
