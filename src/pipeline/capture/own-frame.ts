import { FFmpegError, Frame, type SoftwareScaleContext } from 'node-av/lib';
import type { Size } from './input-size.js';
import type { Planes } from './region.js';

export type PixelFormat = Parameters<SoftwareScaleContext['getContext']>[2];

/**
 * A picture with memory of its own, for libswscale to write into. Its owner frees the frame.
 *
 * Its planes are asked for once, not for each picture: `frame.data` makes a Buffer of each plane, which V8 counts as
 * memory of its own, and a hundred pictures of that start a full garbage collection.
 */
export interface OwnFrame extends Planes {
  frame: Frame;
}

/** @param align of rows, bytes; FFmpeg's choice where it is not given */
export function ownFrame(size: Size, format: PixelFormat, align = 0): OwnFrame {
  const frame = blankFrame(size, format, align);
  return { frame, ...planesOf(frame) };
}

/** A picture with memory of its own, in which nothing is yet. */
export function blankFrame({ width, height }: Size, format: PixelFormat, align = 0): Frame {
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width, height, format });
  FFmpegError.throwIfError(frame.getBuffer(align), 'allocating a picture');
  return frame;
}

/** The planes of any picture: a few Buffers that V8 counts as its own memory. */
export function planesOf(frame: Frame): Planes {
  const data = (frame.data ?? []).filter((plane) => plane !== null);
  return { data, strides: frame.linesize.slice(0, data.length) };
}
