const networkSchemes = new Set(['rtsp:', 'rtsps:', 'http:', 'https:']);
const brokerSchemes = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:']);

const escapes = '`@` is written %40, `/` %2F, `#` %23, `?` %3F, `:` %3A, `%` %25, a space %20';
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

/** Why an address can't be read as it was meant, or undefined. Nothing of the address stands in it. */
function urlMistake(address: string): string | undefined {
  const [, authority = '', rest = ''] = /^[^:]*:\/\/([^/?#]*)(.*)$/s.exec(address) ?? [];
  // The host of `//admin:P@ssw0rd/1@door` would be ssw0rd, and that of `//admin:12/34@door` admin.
  const isAmbiguous = authority.split('@').length > 2 || (/[@:]/.test(authority) && rest.includes('@'));
  if (isAmbiguous || /[\s"'`<>]/.test(address) || !URL.canParse(address) || new URL(address).hostname === '') {
    return `all signs escaped that have a meaning in an address, in a password and, for \`@\`, in a path: ${escapes}`;
  }
  if (/%(?![0-9a-f]{2})/i.test(address)) return 'two hexadecimal digits after each `%`; a `%` itself is written %25';
  const { username, password } = new URL(address);
  try {
    decodeURIComponent(username + password);
  } catch {
    return 'UTF-8 behind each `%`; a `%` itself is written %25';
  }
  return undefined;
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
  const mistake = urlMistake(source);
  return mistake && `an address with a host, ${scheme}//user:password@host/path, with ${mistake}`;
}

/** What `mqtt.url` should have been, or undefined where an MQTT client can make something of it. */
export function brokerUrlMistake(url: string): string | undefined {
  const mistake = brokerSchemes.has(schemeOf(url) ?? '') ? urlMistake(url) : escapes;
  return (
    mistake && `a broker’s address such as mqtt://host:1883, beginning with mqtt, mqtts, ws or wss, with ${mistake}`
  );
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

/** A source as others may know it: of an address in the network scheme and host, of a pipeline only that it is one. */
export function describeSource(source: string): string {
  switch (sourceKind(source)) {
    case 'network': {
      if (urlMistake(source) !== undefined) return `${schemeOf(source)}//***`;
      const { protocol, host } = new URL(source);
      return `${protocol}//${host}`;
    }
    case 'gstreamer':
      return 'gstreamer:***';
    case undefined:
      return `${schemeOf(source)}***`;
    default:
      return source;
  }
}
