import { z } from 'zod';
import { direction, endReason } from './event.js';
import { box } from './geometry.js';

/** What an entry of the event list can be found by. */
export const momentType = z.enum(['new', 'crossing', 'enter', 'leave', 'dwell', 'end']);
export type MomentType = z.infer<typeof momentType>;

/** Something that was told of a track; `update` events only move its last box. */
export const moment = z.object({
  type: momentType,
  at: z.iso.datetime().describe('UTC, when the picture was captured'),
  box,
  zone: z.string().optional().describe('of enter, leave and dwell'),
  line: z.string().optional().describe('of a crossing'),
  direction: direction.optional(),
  dwellMs: z.number().optional().describe('of leave and dwell'),
});
export type Moment = z.infer<typeof moment>;

/** An entry of the event list: one track, from `new` to `end`, with all that was told of it. */
export const eventRecord = z.object({
  id: z.string().describe('of the track, as in the events over MQTT'),
  camera: z.string(),
  class: z.string(),
  bestScore: z.number().min(0).max(1),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime().describe('of the newest event'),
  endedAt: z.iso.datetime().nullable().describe('null: it is still there'),
  reason: endReason.nullable().describe('why it is over'),
  moments: z.array(moment).describe('oldest first; at most 64, the first and the newest'),
  snapshot: z.string().nullable().describe('path of the JPEG of the object; null: there is none (any more)'),
  picture: z.string().nullable().describe('path of the JPEG of the whole picture that the snapshot is of'),
  pictureBox: box.nullable().describe('where the object is in that picture'),
  clip: z.string().nullable().describe('path of the MP4 around it; null: there is none (yet, or any more)'),
});
export type EventRecord = z.infer<typeof eventRecord>;
