import { FilterAPI, Scaler } from 'node-av/api';
import { AV_CODEC_ID_PNG, AV_PIX_FMT_GRAY8, AV_PIX_FMT_RGB24 } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, type Frame, Packet, Rational } from 'node-av/lib';
import { ownFrame, planesOf } from '../pipeline/capture/scaling.js';
import type { LabelMap } from '../pipeline/segmenter.js';

/** A label map as a PNG of eight bits of grey: each pixel's value is its label. */
export function greyPng({ width, height, labels }: LabelMap): Uint8Array {
  const codec = Codec.findEncoder(AV_CODEC_ID_PNG);
  if (codec === null) throw new Error('this FFmpeg has no PNG encoder');
  const { frame, data, strides } = ownFrame({ width, height }, AV_PIX_FMT_GRAY8);
  const encoder = new CodecContext();
  const packet = new Packet();
  try {
    for (let y = 0; y < height; y += 1)
      data[0]?.set(labels.subarray(y * width, (y + 1) * width), y * (strides[0] ?? 0));
    encoder.allocContext3(codec);
    Object.assign(encoder, { width, height, pixelFormat: AV_PIX_FMT_GRAY8, threadCount: 1 });
    encoder.timeBase = new Rational(1, 1); // it wants one, though a picture has no time
    FFmpegError.throwIfError(encoder.open2Sync(codec, null), 'opening the PNG encoder');
    packet.alloc();
    FFmpegError.throwIfError(encoder.sendFrameSync(frame), 'encoding labels');
    FFmpegError.throwIfError(encoder.receivePacketSync(packet), 'encoding labels');
    return packet.data ?? new Uint8Array();
  } finally {
    packet.free();
    encoder.freeContext();
    frame.free();
  }
}

/** Told apart by people who see few colours too (Okabe and Ito 2008); red, green, blue. */
const colours = [0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0x0072b2, 0xd55e00, 0xcc79a7, 0xffffff].map((rgb) => [
  rgb >> 16,
  (rgb >> 8) & 255,
  rgb & 255,
]);

/** Lays the colours of labels over pictures. */
export class Overlay implements Disposable {
  readonly #scaler = new Scaler();

  /** @returns the picture as JPEG, or as PNG where `extension` is `.png` */
  draw(frame: Frame, { width, height, labels }: LabelMap, extension: string): Buffer {
    using filter = FilterAPI.create('format=rgb24');
    const [converted] = filter.processAllSync(frame);
    if (converted === undefined) throw new Error('FFmpeg’s filters gave no picture back');
    using picture = converted;
    const own = ownFrame({ width, height }, AV_PIX_FMT_RGB24);
    try {
      own.frame.copyProps(picture);
      const from = planesOf(picture);
      const [stride = 0, ownStride = 0] = [from.strides[0], own.strides[0]];
      const [source, target] = [from.data[0], own.data[0]];
      if (source === undefined || target === undefined) throw new Error('a picture without pixels');
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const label = labels[y * width + x] ?? 0;
          const colour = label === 0 ? undefined : colours[(label - 1) % colours.length];
          for (let c = 0; c < 3; c += 1) {
            const value = source[y * stride + 3 * x + c] ?? 0;
            target[y * ownStride + 3 * x + c] = colour === undefined ? value : (value + (colour[c] ?? 0)) >> 1;
          }
        }
      }
      return extension.toLowerCase() === '.png'
        ? this.#scaler.toPngSync(own.frame)
        : this.#scaler.toJpegSync(own.frame, { quality: 92 });
    } finally {
      own.frame.free();
    }
  }

  [Symbol.dispose](): void {
    this.#scaler[Symbol.dispose]();
  }
}
