import type { FfmpegSource, SourceOptions } from './source.js';

type Scheme = 'rtsp' | 'rtsps' | 'http' | 'https';

const usualTimeoutSeconds = 10;
/** The rate is told by so many pictures; FFmpeg's 20 would be missed after each reconnection: 1.3 s at 15 a second. */
const ratePictures = '5';

/**
 * A camera in the network as FFmpeg opens it. RTSP goes over TCP, where no part of a picture is lost, unless it is told
 * otherwise. Everything has a time-out; FFmpeg takes them in microseconds.
 */
export function networkSource(scheme: Scheme, address: string, options: SourceOptions): FfmpegSource {
  const { network = {} } = options;
  const timeoutMs = (network.timeoutSeconds ?? usualTimeoutSeconds) * 1000;
  const silence = String(Math.round(timeoutMs * 1000));
  const url = withLogin(address, network.username, network.password);
  return {
    kind: 'ffmpeg',
    url,
    options: {
      fpsprobesize: ratePictures,
      timeout: silence,
      ...(scheme.startsWith('rtsp')
        ? // Sound and metadata are not even asked for.
          { rtsp_transport: network.transport ?? 'tcp', allowed_media_types: 'video' }
        : { rw_timeout: silence }),
    },
    live: true,
    decoder: options.decoder ?? 'auto',
    ...(network.stream !== undefined && { stream: network.stream }),
    network: { host: new URL(url).hostname.replace(/^\[|\]$/g, ''), timeoutMs },
  };
}

/** What the settings say replaces what the address says. */
function withLogin(address: string, username: string | undefined, password: string | undefined): string {
  if (username === undefined && password === undefined) return address;
  const [, before = '', userInfo = '', after = ''] = /^([a-z]+:\/\/)(?:([^/?#]*)@)?(.*)$/is.exec(address) ?? [];
  const [user = '', ...secret] = userInfo.split(':');
  const login = [
    username === undefined ? user : encodeURIComponent(username),
    password === undefined ? secret.join(':') : encodeURIComponent(password),
  ];
  return `${before}${login.join(':')}@${after}`;
}
