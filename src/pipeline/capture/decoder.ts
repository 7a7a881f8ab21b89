import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Codec, CodecContext, FFmpegError, type Stream } from 'node-av/lib';
import type { DecoderChoice } from './source.js';

/** A decoder that is open, or why it isn't. */
export type OpenedDecoder = { codec: Codec; context: CodecContext } | { failure: string };

const hardware = { v4l2m2m: 'v4l2m2m', cuda: 'cuvid' } as const;

/**
 * The decoders to try for a stream, best first; the last is always the CPU's.
 *
 * @param root of the file system; another one in tests
 */
export function decodersFor(stream: Stream, choice: DecoderChoice, root = '/'): Codec[] {
  const { codecId } = stream.codecpar;
  const software = Codec.findDecoder(codecId);
  if (software === null) return [];
  const wanted = choice === 'auto' ? hardwareOf(root) : choice === 'software' ? [] : [choice];
  const found = wanted.map((kind) => Codec.findDecoderByName(`${nameOf(software)}_${hardware[kind]}` as never));
  return [...found.filter((codec) => codec !== null && codec.id === codecId), software].filter(
    (codec) => codec !== null,
  );
}

/** libavcodec names hardware decoders after the codec; AV1's software decoders have names of their own. */
function nameOf(software: Codec): string {
  return software.name?.includes('dav1d') || software.name?.includes('aom') ? 'av1' : (software.name ?? '');
}

/** What this board decodes with. */
function hardwareOf(root: string): ('v4l2m2m' | 'cuda')[] {
  return [
    // The Raspberry Pi 4 and older: a stateful H.264 decoder. The Pi 5 has none for H.264.
    ...(hasStatefulDecoder(root) ? (['v4l2m2m'] as const) : []),
    // CUVID is for graphics cards: a Jetson has its decoder behind GStreamer.
    ...(existsSync(join(root, 'dev/nvidia0')) && !existsSync(join(root, 'etc/nv_tegra_release'))
      ? (['cuda'] as const)
      : []),
  ];
}

function hasStatefulDecoder(root: string): boolean {
  const nodes = join(root, 'sys/class/video4linux');
  try {
    return readdirSync(nodes).some((node) => /codec-decode/.test(readFileSync(join(nodes, node, 'name'), 'utf8')));
  } catch {
    return false; // no V4L2 at all
  }
}

/**
 * Opens a decoder.
 *
 * @param stream of which it is; undefined if each packet says all there is to know
 * @param strict what is damaged is refused; else grey or smeared parts stand for what is missing, as is best in a stream
 */
export async function openDecoder(codec: Codec, stream?: Stream, { strict = false } = {}): Promise<OpenedDecoder> {
  const context = new CodecContext();
  context.allocContext3(codec);
  let code = stream === undefined ? 0 : context.parametersToContext(stream.codecpar);
  // One thread: frame threads would delay each picture by one frame time a thread, and the other cores have work.
  context.threadCount = 1;
  if (stream !== undefined) context.pktTimebase = stream.timeBase;
  if (strict) context.setOption('err_detect', 'explode');
  if (code >= 0) code = await context.open2(codec, null);
  if (code >= 0) return { codec, context };
  context.freeContext();
  return { failure: `${codec.name} can’t be opened: ${FFmpegError.strerror(code)}` };
}
