import { Frame } from 'node-av/lib';

/** The bytes of frames: node-av 6.1.1 copies nothing and keeps nothing alive, so a collected one would be read all the same. */
const bytesOf = new WeakMap<Frame, Buffer>();

/** A picture that the bytes are, which live as long as it. */
export function frameOf(bytes: Buffer, properties: Parameters<typeof Frame.fromVideoBuffer>[1]): Frame {
  const frame = Frame.fromVideoBuffer(bytes, properties);
  bytesOf.set(frame, bytes);
  return frame;
}
