import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maskUrl } from '../../config/mask.js';
import type { CameraSettings } from '../../config/schema.js';
import { SourceError } from '../../contract/errors.js';
import type { Size } from './input-size.js';

/** What decodes: see the setting `decoder`. */
export type DecoderChoice = NonNullable<CameraSettings['decoder']>;

/** A source that FFmpeg opens by itself. */
export interface FfmpegSource {
  kind: 'ffmpeg';
  url: string;
  /** Name of FFmpeg's demuxer if it can't be told from the URL. */
  format?: string;
  /** FFmpeg's own options for the demuxer and the protocol below it. */
  options: Record<string, string>;
  /** A live source can't be waited for: what is not taken in time is gone. */
  live: boolean;
  decoder: DecoderChoice;
  /** Which of several videos; the largest if it is not given. */
  stream?: 'largest' | 'smallest' | number;
  /** The transport of RTSP to try if the camera refuses the one in the options. */
  otherTransport?: 'udp';
  /** Of a network source. */
  network?: NetworkFacts;
}

/** What there is to know of a camera in the network besides its address. */
export interface NetworkFacts {
  host: string;
  /** How long opening may take, and how long the camera may then be silent, milliseconds. */
  timeoutMs: number;
  /** How its certificate is checked. */
  tls: { verify: boolean; ca?: string | undefined; serverName?: string | undefined };
}

/** A camera that is read over HTTP: JPEGs in one answer, one JPEG an answer, or a stream that FFmpeg demuxes. */
export interface HttpSource {
  kind: 'http';
  /** With the login in it. */
  url: string;
  /** How often a single JPEG is asked for, pictures a second. */
  fps: number;
  live: true;
  decoder: DecoderChoice;
  stream?: 'largest' | 'smallest' | number;
  network: NetworkFacts;
}

/** A USB camera, or another device that the kernel shows as one. */
export interface V4l2Source {
  kind: 'v4l2';
  device: string;
  format: NonNullable<NonNullable<CameraSettings['v4l2']>['format']>;
  size?: Size;
  fps?: number;
  decoder: DecoderChoice;
  live: true;
}

/** A camera on the CSI connector of a Raspberry Pi, through `rpicam-vid`. */
export interface LibcameraSource {
  kind: 'libcamera';
  camera: number;
  size: Size;
  fps: number;
  options: NonNullable<CameraSettings['libcamera']>;
  live: true;
}

/** A pipeline that `gst-launch-1.0` runs. */
export interface GstreamerSource {
  kind: 'gstreamer';
  /** Ends in raw video; what makes bytes of it is added when it is run. */
  pipeline: string;
  live: true;
}

export type Source = FfmpegSource | HttpSource | V4l2Source | LibcameraSource | GstreamerSource;

/** The settings of a camera that say how its source is opened. */
export type SourceOptions = Partial<
  Pick<CameraSettings, 'fps' | 'size' | 'captureFps' | 'decoder' | 'libcamera' | 'v4l2' | 'network'>
>;

/** The clip that comes with us. Seen from dist/src/pipeline/capture. */
const demoClip = fileURLToPath(new URL('../../../../demo/street.mp4', import.meta.url));

/** A multiple of 128 pixels, so that no row is padded on any board; and what most sensors have a mode for. */
const libcameraSize = { width: 1280, height: 720 };
const jetsonSize = { width: 1280, height: 720 };
const usualFps = 30;
/** A single JPEG is asked for so often, if nothing is said, a second. */
const usualPollFps = 10;
const usualTimeoutSeconds = 10;
/** The rate is told by so many pictures; FFmpeg's 20 would be missed after each reconnection: 1.3 s at 15 a second. */
const ratePictures = '5';

/**
 * What a `source` setting means: `demo`, a path, `file:PATH`, `rtsp(s)://…`, `http(s)://…`, `v4l2:/dev/video0`,
 * `libcamera:0`, `gstreamer:PIPELINE`, `gstreamer:jetson-csi`.
 *
 * @throws {SourceError} ERR_SOURCE_UNKNOWN for another scheme.
 */
export function parseSource(text: string, options: SourceOptions = {}): Source {
  if (text === 'demo') return file(demoClip);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase();
  const rest = text.slice((scheme?.length ?? -1) + 1);
  switch (scheme) {
    case undefined:
      return file(resolve(text));
    case 'file':
      return file(text.startsWith('file://') ? fileURLToPath(text) : resolve(rest));
    case 'rtsp':
    case 'rtsps':
      return rtsp(text, options);
    case 'http':
    case 'https':
      return http(text, options);
    case 'v4l2':
      return v4l2(rest, options);
    case 'libcamera':
      return {
        kind: 'libcamera',
        camera: Number(rest || 0),
        size: sizeOf(options) ?? libcameraSize,
        fps: options.captureFps ?? usualFps,
        options: options.libcamera ?? {},
        live: true,
      };
    case 'gstreamer':
      return { kind: 'gstreamer', pipeline: pipelineOf(rest, options), live: true };
    default:
      throw new SourceError(
        'ERR_SOURCE_UNKNOWN',
        'config',
        `source "${maskUrl(text)}": "${scheme}:" is no kind of source that we know. ` +
          'Use a path, demo, rtsp://…, http://…, v4l2:/dev/video0, libcamera:0 or gstreamer:….',
      );
  }
}

function file(path: string): FfmpegSource {
  return { kind: 'ffmpeg', url: path, options: {}, live: false, decoder: 'software' };
}

/**
 * RTSP goes over TCP, where no part of a picture is lost, unless the camera refuses it or the settings say otherwise.
 * Sound and metadata are not even asked for. FFmpeg takes times in microseconds.
 */
function rtsp(address: string, options: SourceOptions): FfmpegSource {
  const { url, network, stream } = inNetwork(address, options);
  return {
    kind: 'ffmpeg',
    url,
    options: {
      fpsprobesize: ratePictures,
      timeout: String(Math.round(network.timeoutMs * 1000)),
      rtsp_transport: options.network?.transport ?? 'tcp',
      allowed_media_types: 'video',
      ...tlsOptions(network),
    },
    live: true,
    decoder: options.decoder ?? 'auto',
    ...stream,
    ...(options.network?.transport === undefined && { otherTransport: 'udp' }),
    network,
  };
}

function http(address: string, options: SourceOptions): HttpSource {
  const { url, network, stream } = inNetwork(address, options);
  return {
    kind: 'http',
    url,
    fps: options.fps ?? usualPollFps,
    live: true,
    decoder: options.decoder ?? 'auto',
    ...stream,
    network,
  };
}

/** The same for FFmpeg, which may have to open it by itself: a playlist, or a file. */
export function asFfmpegSource({ fps: _, ...source }: HttpSource): FfmpegSource {
  const silence = String(Math.round(source.network.timeoutMs * 1000));
  const times = { timeout: silence, rw_timeout: silence };
  return {
    ...source,
    kind: 'ffmpeg',
    options: { fpsprobesize: ratePictures, ...times, ...tlsOptions(source.network) },
  };
}

/** FFmpeg checks no certificate, unless it is told to and whom to trust. */
function tlsOptions({ tls: { verify, ca, serverName } }: NetworkFacts): Record<string, string> {
  if (!verify) return {};
  const trusted = { tls_verify: '1', ca_file: ca ?? systemCertificates() };
  return serverName === undefined ? trusted : { ...trusted, verifyhost: serverName };
}

function inNetwork(address: string, { network = {} }: SourceOptions) {
  const url = withLogin(address, network.username, network.password);
  const { verify = true, ...tls } = network.tls ?? {};
  const facts: NetworkFacts = {
    host: new URL(url).hostname.replace(/^\[|\]$/g, ''),
    timeoutMs: (network.timeoutSeconds ?? usualTimeoutSeconds) * 1000,
    tls: { verify, ...tls },
  };
  return { url, network: facts, stream: network.stream === undefined ? {} : { stream: network.stream } };
}

/** The certificates that this system trusts, where Debian, Fedora and Alpine have them. */
function systemCertificates(): string {
  const files = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];
  return files.find((file) => existsSync(file)) ?? '';
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

function v4l2(device: string, options: SourceOptions): V4l2Source {
  const size = sizeOf(options);
  return {
    kind: 'v4l2',
    device,
    format: options.v4l2?.format ?? 'auto',
    ...(size && { size }),
    ...(options.captureFps !== undefined && { fps: options.captureFps }),
    decoder: options.decoder ?? 'auto',
    live: true,
  };
}

function sizeOf({ size }: SourceOptions): Size | undefined {
  return size && { width: size[0], height: size[1] };
}

/** `jetson-csi:1` is the second camera on a CSI connector of a Jetson; the camera's ISP brings size and rate. */
function pipelineOf(text: string, options: SourceOptions): string {
  const camera = /^\s*jetson-csi(?::(\d+))?\s*$/.exec(text);
  if (camera === null) return text;
  const { width, height } = sizeOf(options) ?? jetsonSize;
  const rate = options.captureFps ?? usualFps;
  return [
    `nvarguscamerasrc sensor-id=${camera[1] ?? 0}`,
    `video/x-raw(memory:NVMM),width=${width},height=${height},framerate=${fraction(rate)}`,
    'nvvidconv', // out of the memory of the GPU
    'video/x-raw,format=I420',
  ].join(' ! ');
}

/** GStreamer wants whole numbers: 29.97 is 2997/100. */
function fraction(rate: number): string {
  return Number.isInteger(rate) ? `${rate}/1` : `${Math.round(rate * 100)}/100`;
}
