const networkSchemes = new Set(['rtsp:', 'rtsps:', 'http:', 'https:']);
const brokerSchemes = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:']);

const passwordHint = '(in a password, `/` is written %2F, `@` %40, `#` %23, `?` %3F)';
const sourceKinds =
  'a file, `demo`, `rtsp://…`, `rtsps://…`, `http(s)://…`, `v4l2:/dev/video0`, `libcamera:0` or `gstreamer:…` ' +
  '(a file whose name holds a colon: `file:NAME`)';

/** What follows `v4l2:`, `libcamera:`, `gstreamer:`, `file:`, and what is said where something else does. */
const devices: Record<string, [RegExp, string]> = {
  'v4l2:': [/^\/./, 'a device after `v4l2:`, such as v4l2:/dev/video0 or v4l2:/dev/v4l/by-id/… (`minspnet cameras`)'],
  'libcamera:': [/^\d{1,2}$/, 'a camera’s number after `libcamera:`, from 0 (`minspnet cameras`)'],
  'gstreamer:': [
    /^\s*(?!jetson-csi:)\S|^jetson-csi:\d{1,2}$/,
    'a pipeline after `gstreamer:`, jetson-csi, or jetson-csi:1 for the second camera',
  ],
  'file:': [/./, 'a file’s name after `file:`'],
};

/** The scheme of an address with its colon, in lower case, or undefined where it has none (a plain path). */
export function schemeOf(address: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(address)?.[0].toLowerCase();
}

function namesHost(address: string): boolean {
  return URL.canParse(address) && new URL(address).hostname !== '';
}

/**
 * What a camera's `source` should have been, or undefined where it is of a kind that we know. Whether it exists is
 * found out when it is opened.
 */
export function cameraSourceMistake(source: string): string | undefined {
  const scheme = schemeOf(source);
  if (source.trim() === '' || source.includes('\0')) return sourceKinds;
  if (scheme === undefined) return undefined;
  const device = devices[scheme];
  if (device) return device[0].test(source.slice(scheme.length)) ? undefined : device[1];
  if (!networkSchemes.has(scheme)) return sourceKinds;
  return namesHost(source) ? undefined : `an address with a host, ${scheme}//user:password@host/path ${passwordHint}`;
}

/** What `mqtt.url` should have been, or undefined where an MQTT client can make something of it. */
export function brokerUrlMistake(url: string): string | undefined {
  if (brokerSchemes.has(schemeOf(url) ?? '') && namesHost(url)) return undefined;
  return `a broker’s address such as mqtt://host:1883, beginning with mqtt, mqtts, ws or wss ${passwordHint}`;
}

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
