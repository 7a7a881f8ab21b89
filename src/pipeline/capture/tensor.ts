import type { Size } from './input-size.js';

/**
 * libswscale's vector code may write a little past the last pixel of a row; behind the last row there must be room.
 */
const slackBytes = 64;

/** A buffer for one input tensor, uint8 [1, height, width, 3], all of it grey. */
export function tensorBuffer(input: Size, grey: number): ArrayBuffer {
  const buffer = new ArrayBuffer(input.width * input.height * 3 + slackBytes);
  new Uint8Array(buffer).fill(grey);
  return buffer;
}

/** The tensor's bytes in a buffer of {@link tensorBuffer}. */
export function tensorBytes(buffer: ArrayBuffer, input: Size): Uint8Array {
  return new Uint8Array(buffer, 0, input.width * input.height * 3);
}
