// What the page runs, too: so nothing of zod is in here.
import type { LiveFrame } from './live.js';

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

/** Codes with which a WebSocket is closed (RFC 6455, 7.4.2), beside the usual ones. */
export const closeCodes = {
  /** The daemon stops: try again. */
  stopping: 1001,
  /** No such camera. */
  unknownCamera: 4404,
  /** There are too many viewers. */
  tooMany: 4429,
} as const;
