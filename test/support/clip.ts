import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_QUIET,
  AV_PIX_FMT_YUV420P,
  AVFMT_GLOBALHEADER,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Log, Packet, Rational } from 'node-av/lib';
import { frameOf } from './frame-of.js';

export interface ClipOptions {
  width: number;
  height: number;
  frames: number;
  fps: number;
  /** Luma of each pixel of a frame, 0..255; default: a ramp that moves. */
  luma?: (x: number, y: number, frame: number) => number;
}

/** Writes a small H.264 clip; the container follows from the path's extension. */
export async function makeClip(path: string, options: ClipOptions): Promise<void> {
  const { width, height, fps } = options;
  Log.setLevel(AV_LOG_QUIET);
  const output = new FormatContext();
  check(output.allocOutputContext2(null, null, path));
  const encoder = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (encoder === null) throw new Error('this FFmpeg has no libx264');
  const codec = new CodecContext();
  codec.allocContext3(encoder);
  Object.assign(codec, { width, height, pixelFormat: AV_PIX_FMT_YUV420P, gopSize: fps, maxBFrames: 0 });
  codec.timeBase = new Rational(1, fps);
  codec.framerate = new Rational(fps, 1);
  if ((output.oformat?.flags ?? 0) & AVFMT_GLOBALHEADER) codec.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  check(codec.open2Sync(encoder, null)); // not with a Dictionary: node-av 6.1.1 frees it twice
  const stream = output.newStream(encoder);
  check(stream.codecpar ? codec.parametersFromContext(stream.codecpar) : -1);
  stream.timeBase = codec.timeBase;
  check(output.openOutputSync());
  check(output.writeHeaderSync(null));
  using packet = new Packet();
  packet.alloc();
  const drain = () => {
    while (codec.receivePacketSync(packet) >= 0) {
      packet.streamIndex = stream.index;
      packet.duration = 1n; // or the last picture would have none
      packet.rescaleTs(codec.timeBase, stream.timeBase);
      check(output.interleavedWriteFrameSync(packet));
    }
  };
  for (let i = 0; i < options.frames; i += 1) {
    using frame = frameOf(picture(options, i), { width, height, format: AV_PIX_FMT_YUV420P });
    frame.pts = BigInt(i);
    check(codec.sendFrameSync(frame));
    drain();
  }
  check(codec.sendFrameSync(null));
  drain();
  check(output.writeTrailerSync());
  output.closeOutputSync();
  codec.freeContext();
}

/** A grey YUV 4:2:0 picture. */
function picture({ width, height, luma }: ClipOptions, frame: number): Buffer {
  const bytes = Buffer.alloc((width * height * 3) / 2, 128);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) bytes[y * width + x] = luma?.(x, y, frame) ?? (x + y + 4 * frame) % 220;
  }
  return bytes;
}

function check(code: number): void {
  FFmpegError.throwIfError(code);
}
