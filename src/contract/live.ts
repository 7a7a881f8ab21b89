import { z } from 'zod';
import { observation } from './event.js';
import { eventRecord } from './event-record.js';
import { box } from './geometry.js';
import { health } from './health.js';
import { cameraSettings } from './request.js';
import { cameraState, cameraStatus, info } from './status.js';

/** One object that is followed, as it stands in one picture. */
export const liveTrack = z.object({
  id: z.string().describe('the track, as in events'),
  class: z.string(),
  score: z.number().min(0).max(1).describe('of its newest detection'),
  box: box.describe('in this very picture'),
  seen: z
    .boolean()
    .describe('false: not seen in the newest picture that looked at its place; the box is where it should be by now'),
  sure: z
    .boolean()
    .describe('seen there, and more likely right than not; else `box` says where it is, but hardly how large'),
  zones: z.array(z.string()),
  stationary: z.boolean(),
});
export type LiveTrack = z.infer<typeof liveTrack>;

/** What stands before the JPEG in a message of `WS /api/live?camera=NAME`. */
export const liveFrame = z.object({
  camera: z.string(),
  number: z.int().min(1).describe('counts up by one a picture shown; a hole is what this viewer was too slow for'),
  capturedAt: z.iso.datetime().describe('UTC'),
  capturedMonotonicMs: z.number().describe('the same instant on the board’s monotonic clock'),
  width: z.int().describe('of the JPEG, pixels'),
  height: z.int(),
  picture: z.tuple([z.int(), z.int()]).describe('[width, height] of the camera’s picture'),
  input: z.tuple([z.int(), z.int()]).describe('[width, height] of the network’s input'),
  still: z.boolean().describe('nothing had changed, so the network was spared it'),
  detect: z.boolean().describe('false: detection is switched off'),
  latencyMs: z.number().nullable().describe('from taking the picture to having looked at it; null: nobody looked'),
  tracks: z.array(liveTrack).describe('all that are told and not over'),
  observations: z.array(observation).describe('what happened in this picture'),
});
export type LiveFrame = z.infer<typeof liveFrame>;

/**
 * A message of `WS /api/feed`, JSON as text: what the board tells, as it happens. The newest of each kind (of each
 * camera) comes at once after connecting, so that nobody has to ask for it first.
 */
export const feedMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('info'), info }).describe('an engine is ready'),
  z.object({ kind: z.literal('health'), health }).describe('every few seconds'),
  z.object({ kind: z.literal('status'), status: cameraStatus }),
  z.object({ kind: z.literal('state'), state: cameraState }),
  z.object({ kind: z.literal('settings'), settings: cameraSettings }),
  z.object({ kind: z.literal('observation'), observation }).describe('never repeated after connecting'),
  z.object({ kind: z.literal('record'), record: eventRecord }).describe('an event of the list is new or has changed'),
  z
    .object({ kind: z.literal('configured') })
    .describe('other settings are in force: ask for cameras and settings again'),
]);
export type FeedMessage = z.infer<typeof feedMessage>;
