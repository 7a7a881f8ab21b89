// biome-ignore-all lint/style/noNonNullAssertion: the loops only visit indexes inside the picture
import './polyfill.js';

/** RGBA to planar 4:2:0 with the limited-range BT.601 weights that players assume for small pictures. */
export function toYuv420(rgba: Uint8ClampedArray, width: number, height: number): Buffer {
  const luma = width * height;
  const half = width >> 1;
  const out = Buffer.alloc(luma + half * (height >> 1) * 2);
  for (let i = 0; i < luma; i++) {
    out[i] = Math.round(16 + (65.481 * rgba[i * 4]! + 128.553 * rgba[i * 4 + 1]! + 24.966 * rgba[i * 4 + 2]!) / 255);
  }
  for (let y = 0; y < height >> 1; y++) {
    for (let x = 0; x < half; x++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (const o of [0, 4, width * 4, width * 4 + 4]) {
        const p = (y * 2 * width + x * 2) * 4 + o;
        r += rgba[p]! / 1020;
        g += rgba[p + 1]! / 1020;
        b += rgba[p + 2]! / 1020;
      }
      const at = luma + y * half + x;
      out[at] = Math.round(128 - 37.797 * r - 74.203 * g + 112 * b);
      out[at + half * (height >> 1)] = Math.round(128 + 112 * r - 93.786 * g - 18.214 * b);
    }
  }
  return out;
}

/** Writes frames, one after the other, as an H.264 MP4. */
export class ClipWriter {
  private count = 0;
  /** Of the frame that is being encoded: node-av neither copies them nor keeps them alive. */
  private bytes: Buffer | undefined;

  private constructor(
    private readonly av: typeof import('node-av'),
    private readonly encoder: import('node-av').Encoder,
    private readonly muxer: import('node-av').Muxer,
    private readonly stream: number,
    private readonly size: { width: number; height: number; fps: number },
  ) {}

  static async open(file: string, width: number, height: number, fps: number, crf: number): Promise<ClipWriter> {
    const av = await import('node-av');
    av.Log.setLevel(av.AV_LOG_ERROR);
    const encoder = await av.Encoder.create(av.FF_ENCODER_LIBX264, {
      // One thread: with several, the bytes depend on how many cores the machine has.
      threadCount: 1,
      context: { gopSize: fps * 6, maxBFrames: 2 },
      options: { crf, preset: 'veryslow', tune: 'film' },
    });
    const muxer = await av.Muxer.open(file, { options: { movflags: '+faststart', fflags: '+bitexact' } });
    return new ClipWriter(av, encoder, muxer, muxer.addStream(encoder), { width, height, fps });
  }

  async write(rgba: Uint8ClampedArray): Promise<void> {
    const { av, encoder, size } = this;
    const timeBase = { num: 1, den: size.fps };
    this.bytes = toYuv420(rgba, size.width, size.height);
    const frame = av.Frame.fromVideoBuffer(this.bytes, {
      width: size.width,
      height: size.height,
      format: av.AV_PIX_FMT_YUV420P,
      timeBase,
    });
    try {
      frame.pts = BigInt(this.count++);
      frame.duration = 1n;
      await this.drain(await encoder.encodeAll(frame));
    } finally {
      frame.free();
    }
  }

  async close(): Promise<void> {
    await this.drain(await this.encoder.encodeAll(null));
    await this.muxer.close();
    this.encoder.close();
  }

  private async drain(packets: import('node-av').Packet[]): Promise<void> {
    for (const packet of packets) {
      await this.muxer.writePacket(packet, this.stream);
      packet.free();
    }
  }
}
