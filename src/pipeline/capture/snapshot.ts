import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  FF_QP2LAMBDA,
  SWS_BILINEAR,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, type Frame, Packet, Rational } from 'node-av/lib';
import type { Box } from '../../contract/geometry.js';
import type { Cut, SnapshotOptions } from './cut.js';
import type { Size } from './input-size.js';
import { canCut, cutPlanes } from './planes.js';
import { fractionsOf, type PixelRegion, pixelRegion, toPart } from './region.js';
import {
  colourConverter,
  coloursOf,
  type OwnFrame,
  ownFrame,
  type PixelFormat,
  type Planes,
  plainFormat,
  planesOf,
  scaleContext,
} from './scaling.js';
import { TensorScaler } from './tensor-scaler.js';

/** Nothing is made smaller than this to save bytes: longest side, pixels. */
const leastSize = 32;
/** How much of the surroundings a snapshot shows, as a share of the box on each side. */
const usualMargin = 0.25;

/** As JFIF has it: 4:2:0 of BT.601 in the full range of bytes. */
const jpegFormat = AV_PIX_FMT_YUVJ420P;
const jpegColours = { colorSpace: AVCOL_SPC_BT470BG, colorRange: AVCOL_RANGE_JPEG };

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
  cut(frame: Frame, cut: Cut): Uint8Array {
    if (cut.tensor === undefined) return this.encode(frame, cut);
    const { input, fill, resize } = cut.tensor;
    using scaler = new TensorScaler(input, fill, resize, cut.box);
    const bytes = new Uint8Array(input.width * input.height * 3).fill(fill);
    scaler.scale(frame, bytes);
    return bytes;
  }

  /** @throws {FFmpegError} */
  encode(frame: Frame, { box, options = this.options }: Cut): Uint8Array {
    const { maxSize, maxBytes = Number.POSITIVE_INFINITY, quality, drawBox: outlined = false } = options;
    const crop = cropAround(box, frame, options.margin);
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
function cropAround([left, top, right, bottom]: Box, picture: Size, margin = usualMargin): PixelRegion {
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

/** Scales a part of a picture into a JPEG's. */
function cutInto(jpeg: OwnFrame, from: Frame, crop: PixelRegion): void {
  const plain = plainFormat(from.format);
  if (!canCut(from.format)) {
    const whole = ownFrame(from, plain);
    try {
      using scaler = scaleContext(from, from.format as PixelFormat, from, plain, SWS_BILINEAR);
      FFmpegError.throwIfError(scaler.scaleFrameSync(whole.frame, from), 'scaling a picture');
      Object.assign(whole.frame, coloursOf(from));
      cutInto(jpeg, whole.frame, crop);
    } finally {
      whole.frame.free();
    }
    return;
  }
  const small = ownFrame(jpeg.frame, plain);
  try {
    const { data, strides } = cutPlanes(planesOf(from), from.format, crop);
    using scaler = scaleContext(crop, from.format as PixelFormat, jpeg.frame, plain, SWS_BILINEAR);
    const rows = scaler.scaleSync(data, strides, 0, crop.height, small.data, small.strides);
    FFmpegError.throwIfError(rows, 'scaling a snapshot');
    Object.assign(small.frame, coloursOf(from));
    Object.assign(jpeg.frame, jpegColours);
    using converter = colourConverter();
    FFmpegError.throwIfError(converter.scaleFrameSync(jpeg.frame, small.frame), 'converting a snapshot’s colours');
  } finally {
    small.frame.free();
  }
}

/** Yellow, as JPEG has it: brightness and the two colours. */
const yellow = [226, 1, 149];
/** Of the longest side, the width of a line. */
const lineShare = 1 / 160;

/**
 * Draws the outline of a region into a 4:2:0 picture.
 *
 * @param region on even pixels, inside the picture
 */
export function drawBox({ data, strides }: Planes, picture: Size, { x, y, width, height }: PixelRegion): void {
  const line = 2 * Math.max(1, Math.round((Math.max(picture.width, picture.height) * lineShare) / 2));
  data.forEach((plane, i) => {
    const step = i === 0 ? 1 : 2; // colours are stored for two by two pixels
    const stride = strides[i] ?? 0;
    const [left, right] = [x / step, (x + width) / step];
    const thick = Math.min(line / step, right - left);
    for (let row = y / step; row < (y + height) / step; row++) {
      const whole = row < (y + line) / step || row >= (y + height - line) / step;
      const from = row * stride;
      const value = yellow[i] ?? 0;
      plane.fill(value, from + left, from + (whole ? right : left + thick));
      if (!whole) plane.fill(value, from + right - thick, from + right);
    }
  });
}
