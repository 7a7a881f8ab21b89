import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AV_PIX_FMT_YUVJ420P,
  FF_QP2LAMBDA,
  SWS_BILINEAR,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, type Frame, Packet, Rational } from 'node-av/lib';
import type { Box } from '../../contract/geometry.js';
import { drawBox } from './draw-box.js';
import type { Size } from './input-size.js';
import { type OwnFrame, ownFrame, type PixelFormat, planesOf } from './own-frame.js';
import { canCut, cutPlanes, fractionsOf, type PixelRegion, pixelRegion, toPart } from './region.js';
import { scaleContext } from './scale-context.js';

export interface SnapshotOptions {
  /** JPEG quality, 1..100. */
  quality: number;
  /** Longest side, pixels. */
  maxSize: number;
  /** What would be larger is made again with fewer pixels; as large as it comes where it is not given. Bytes. */
  maxBytes?: number;
  /** The object is outlined. */
  drawBox?: boolean;
}

/** What is wanted of a picture as JPEG: a box with its surroundings, or, `full`, all of it at its own size. */
export interface Cut {
  /** Fractions of the picture. */
  box: Box;
  full?: boolean;
}

/** JPEG quality of a full picture, 1..100. */
const fullQuality = 92;
/** Nothing is made smaller than this to save bytes: longest side, pixels. */
const leastSize = 32;
/** How much of the surroundings a snapshot shows, as a share of the box on each side. */
const margin = 0.25;

/** 4:2:0 in the full range of bytes, as JPEG has it. */
const jpegFormat = AV_PIX_FMT_YUVJ420P;

/** MJPEG's own scale of quality: 2 is the best, 31 the worst. */
const bestScale = 2;
const worstScale = 31;

/**
 * Cuts objects out of pictures as JPEG. Nearly every one has a size of its own, so scaler and encoder are made for each:
 * that is a third of the 0.35 ms that a snapshot takes. FFmpeg's filters, which do the same in one line, take four times
 * as long, most of it for their threads, and leave the colours in the range of television.
 */
export class SnapshotEncoder {
  readonly #codec: Codec;

  constructor(private readonly options: SnapshotOptions) {
    const codec = Codec.findEncoder(AV_CODEC_ID_MJPEG);
    if (codec === null) throw new Error('this FFmpeg has no MJPEG encoder');
    this.#codec = codec;
  }

  /** @throws {FFmpegError} */
  encode(frame: Frame, { box, full = false }: Cut): Uint8Array {
    const { maxSize, maxBytes = Number.POSITIVE_INFINITY, quality, drawBox: outlined = false } = this.options;
    const crop = cropAround(box, frame);
    if (full) return this.#shrunk(frame, crop, 1, fullQuality);
    const outline = outlined && !isWhole(box) ? box : undefined;
    const longest = Math.max(crop.width, crop.height);
    let shrink = Math.min(1, maxSize / longest);
    for (;;) {
      const jpeg = this.#shrunk(frame, crop, shrink, quality, outline);
      if (jpeg.length <= maxBytes || longest * shrink <= leastSize) return jpeg;
      // Bytes go with the pixels, about.
      shrink = Math.max(leastSize / longest, shrink * Math.min(0.9, Math.sqrt(maxBytes / jpeg.length)));
    }
  }

  #shrunk(frame: Frame, crop: PixelRegion, shrink: number, quality: number, outline?: Box): Uint8Array {
    const size = { width: even(crop.width * shrink), height: even(crop.height * shrink) };
    const cut = ownFrame(size, jpegFormat);
    try {
      cutInto(cut, frame, crop);
      if (outline) drawBox(cut, size, pixelRegion(toPart(outline, fractionsOf(crop, frame)), size));
      return this.#encode(cut.frame, quality);
    } finally {
      cut.frame.free();
    }
  }

  #encode(frame: Frame, percent: number): Uint8Array {
    const worse = (100 - percent) / 99;
    const quality = Math.round(bestScale + worse * (worstScale - bestScale)) * FF_QP2LAMBDA;
    const encoder = new CodecContext();
    const packet = new Packet();
    try {
      encoder.allocContext3(this.#codec);
      encoder.setFlags(AV_CODEC_FLAG_QSCALE);
      const { width, height } = frame;
      Object.assign(encoder, { width, height, pixelFormat: jpegFormat, threadCount: 1, globalQuality: quality });
      encoder.timeBase = new Rational(1, 1); // it wants one, though a picture has no time
      FFmpegError.throwIfError(encoder.open2Sync(this.#codec, null), 'opening the JPEG encoder');
      frame.quality = quality;
      packet.alloc();
      FFmpegError.throwIfError(encoder.sendFrameSync(frame), 'encoding a snapshot');
      FFmpegError.throwIfError(encoder.receivePacketSync(packet), 'encoding a snapshot');
      return packet.data ?? new Uint8Array();
    } finally {
      packet.free();
      encoder.freeContext();
    }
  }
}

/** The box with its margin, inside the picture. */
function cropAround([left, top, right, bottom]: Box, picture: Size): PixelRegion {
  const padX = (right - left) * margin;
  const padY = (bottom - top) * margin;
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  return pixelRegion([inside(left - padX), inside(top - padY), inside(right + padX), inside(bottom + padY)], picture);
}

function isWhole([left, top, right, bottom]: Box): boolean {
  return left <= 0 && top <= 0 && right >= 1 && bottom >= 1;
}

/** Chroma is stored for two by two pixels. */
function even(value: number): number {
  return Math.max(2, 2 * Math.floor(value / 2));
}

/** Scales a part of a picture into another one. */
function cutInto(to: OwnFrame, from: Frame, crop: PixelRegion): void {
  if (canCut(from.format)) {
    const { data, strides } = cutPlanes(planesOf(from), from.format, crop);
    using scaler = scaleContext(crop, from.format as PixelFormat, to.frame, jpegFormat, SWS_BILINEAR);
    const rows = scaler.scaleSync(data, strides, 0, crop.height, to.data, to.strides);
    FFmpegError.throwIfError(rows, 'scaling a snapshot');
    return;
  }
  const whole = ownFrame(from, jpegFormat);
  try {
    using scaler = scaleContext(from, from.format as PixelFormat, from, jpegFormat, SWS_BILINEAR);
    FFmpegError.throwIfError(scaler.scaleFrameSync(whole.frame, from), 'scaling a picture');
    cutInto(to, whole.frame, crop);
  } finally {
    whole.frame.free();
  }
}
