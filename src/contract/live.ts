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
  seen: z.boolean().describe('false: not seen in this picture, the box is where it should be by now'),
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
  still: z.boolean().describe('nothing had changed, so the network was spared it'),
  detect: z.boolean().describe('false: detection is switched off'),
  latencyMs: z.number().nullable().describe('from taking the picture to having looked at it; null: nobody looked'),
  tracks: z.array(liveTrack).describe('all that are told and not over'),
  observations: z.array(observation).describe('what happened in this picture'),
});
export type LiveFrame = z.infer<typeof liveFrame>;

/**
 * A message of `WS /api/live`, binary: the length of the JSON as an unsigned 32-bit number (big-endian), the `liveFrame`
 * as JSON in UTF-8, then the JPEG up to the end of the message. Whoever has drawn it sends its `number` back, as text:
 * no third picture comes before the first is answered, so a slow viewer gets fewer of them, and no old ones.
 */
export function packLiveFrame(frame: LiveFrame, jpeg: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(frame));
  const message = new Uint8Array(4 + text.length + jpeg.length);
  new DataView(message.buffer).setUint32(0, text.length);
  message.set(text, 4);
  message.set(jpeg, 4 + text.length);
  return message;
}

/** @returns the frame as it was packed, unchecked: it comes from our own server */
export function unpackLiveFrame(message: ArrayBuffer): { frame: LiveFrame; jpeg: Uint8Array<ArrayBuffer> } {
  const length = new DataView(message).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(message, 4, length));
  return { frame: JSON.parse(text) as LiveFrame, jpeg: new Uint8Array(message, 4 + length) };
}

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

/** Codes with which a WebSocket is closed (RFC 6455, 7.4.2), beside the usual ones. */
export const closeCodes = {
  /** The daemon stops: try again. */
  stopping: 1001,
  /** No such camera. */
  unknownCamera: 4404,
  /** There are too many viewers. */
  tooMany: 4429,
} as const;
