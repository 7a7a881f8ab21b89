import { rename } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_VP9,
  AV_NOPTS_VALUE,
} from 'node-av/constants';
import { CodecParameters, FFmpegError, FormatContext, type Packet, Rational, type Stream } from 'node-av/lib';
import { SourceError } from '../../contract/errors.js';

export interface PacketRingOptions {
  /** So much video is kept, … */
  seconds: number;
  /** … and no more of it than this. */
  maxBytes: number;
}

interface Kept {
  packet: Packet;
  /** When it came, on the monotonic clock, milliseconds. */
  atMs: number;
}

/** What MP4 holds and players know. */
const playable: ReadonlySet<number> = new Set([
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_VP9,
  AV_CODEC_ID_MPEG4,
]);
/** After so many packets others have their turn: a slow card must not hold up the camera. */
const packetsAtOnce = 32;

/**
 * The newest video of a source, compressed as it came: references to packets, no copies. A part of it is written as MP4
 * without being encoded anew.
 */
export class PacketRing implements Disposable {
  #kept: Kept[] = [];
  #bytes = 0;
  #parameters: CodecParameters | undefined;
  #timeBase = new Rational(1, 1);

  constructor(private readonly options: PacketRingOptions) {}

  /** What comes from now on is of this stream, and not connected with what was before. */
  begin({ codecpar, timeBase }: Pick<Stream, 'codecpar' | 'timeBase'>): void {
    this.#clear();
    if (!playable.has(codecpar.codecId)) return;
    this.#parameters = new CodecParameters();
    this.#parameters.alloc();
    check(codecpar.copy(this.#parameters), 'copying a stream’s parameters');
    this.#timeBase = new Rational(timeBase.num, timeBase.den);
  }

  add(packet: Packet, atMs: number): void {
    if (this.#parameters === undefined || packet.size === 0) return;
    const reference = packet.clone();
    if (reference === null) return;
    this.#kept.push({ packet: reference, atMs });
    this.#bytes += reference.size;
    const oldest = atMs - this.options.seconds * 1000;
    let gone = 0;
    for (let at = 0; at < this.#kept.length; at++) {
      const { packet: one, atMs: when } = this.#kept[at] as Kept;
      if (this.#bytes <= this.options.maxBytes && when >= oldest) break;
      this.#bytes -= one.size;
      one.free();
      gone = at + 1;
    }
    if (gone > 0) this.#kept.splice(0, gone);
  }

  /**
   * Writes the video between two moments, from the key frame before the first on.
   *
   * @param fromMs on the monotonic clock, as `toMs`
   * @throws {SourceError} ERR_SOURCE_NO_CLIP if there is none of that time
   */
  async write(path: string, fromMs: number, toMs: number): Promise<void> {
    const packets = this.#between(fromMs, toMs).map((packet) => packet.clone());
    const output = new FormatContext();
    try {
      check(output.allocOutputContext2(null, 'mp4', `${path}.part`), 'making a clip');
      const stream = output.newStream(null);
      check(this.#parameters?.copy(stream.codecpar) ?? -1, 'making a clip');
      stream.codecpar.codecTag = 0; // of another container
      stream.timeBase = this.#timeBase;
      check(output.openOutputSync(), 'opening a clip');
      check(output.writeHeaderSync(null), 'writing a clip');
      let first: bigint | undefined;
      let last: bigint | undefined;
      for (const [i, packet] of packets.entries()) {
        if (i % packetsAtOnce === packetsAtOnce - 1) await setImmediate();
        if (packet === null) continue;
        const stamp = packet.dts === AV_NOPTS_VALUE ? packet.pts : packet.dts;
        if (stamp === AV_NOPTS_VALUE || (last !== undefined && stamp <= last)) continue;
        first ??= stamp;
        last = stamp;
        packet.pts = (packet.pts === AV_NOPTS_VALUE ? stamp : packet.pts) - first;
        packet.dts = stamp - first;
        packet.streamIndex = stream.index;
        packet.rescaleTs(this.#timeBase, stream.timeBase);
        check(output.interleavedWriteFrameSync(packet), 'writing a clip');
      }
      check(output.writeTrailerSync(), 'ending a clip');
    } finally {
      output.closeOutputSync();
      output.freeContext();
      for (const packet of packets) packet?.free();
    }
    await rename(`${path}.part`, path);
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #between(fromMs: number, toMs: number): Packet[] {
    const inTime = this.#kept.findIndex(({ atMs }) => atMs >= fromMs);
    const before = this.#kept.findLastIndex(({ packet, atMs }) => packet.isKeyframe && atMs <= fromMs);
    const start = before >= 0 ? before : this.#kept.findIndex(({ packet }) => packet.isKeyframe);
    const found = inTime < 0 || start < 0 ? [] : this.#kept.slice(start).filter(({ atMs }) => atMs <= toMs);
    if (found.length > 0) return found.map(({ packet }) => packet);
    const why =
      this.#parameters === undefined ? 'its video is of a kind that no clip is made of' : 'none was kept of then';
    throw new SourceError('ERR_SOURCE_NO_CLIP', 'source', `there is no video for a clip: ${why}.`);
  }

  #clear(): void {
    for (const { packet } of this.#kept) packet.free();
    this.#kept = [];
    this.#bytes = 0;
    this.#parameters?.free();
    this.#parameters = undefined;
  }
}

function check(code: number, doing: string): void {
  FFmpegError.throwIfError(code, doing);
}
