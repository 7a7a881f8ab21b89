import { schemeOf } from './address.js';

export type SourceKind = 'file' | 'network' | 'v4l2' | 'libcamera' | 'jetson-csi' | 'gstreamer';

const kinds: Record<string, SourceKind> = {
  'file:': 'file',
  'rtsp:': 'network',
  'rtsps:': 'network',
  'http:': 'network',
  'https:': 'network',
  'v4l2:': 'v4l2',
  'libcamera:': 'libcamera',
  'gstreamer:': 'gstreamer',
};

/**
 * What kind of source an address means; undefined where there is no such kind. `demo` and plain paths are files. A
 * pipeline that we write can be told a size; one that is written by hand says it itself.
 */
export function sourceKind(source: string): SourceKind | undefined {
  if (/^gstreamer:\s*jetson-csi\b/i.test(source)) return 'jetson-csi';
  const scheme = schemeOf(source);
  return scheme === undefined ? 'file' : kinds[scheme];
}
