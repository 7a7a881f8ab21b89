import t from 'tap';
import type { NetworkOptions } from '../../../src/config/camera-options.js';
import { asFfmpegSource, parseSource } from '../../../src/pipeline/capture/source.js';

t.test('each kind of source', async (t) => {
  t.match(parseSource('demo'), { kind: 'ffmpeg', url: /demo\/street\.mp4$/, live: false });
  t.match(parseSource('clips/a.mp4'), { kind: 'ffmpeg', url: `${process.cwd()}/clips/a.mp4`, live: false });
  t.match(parseSource('file:/tmp/a b.mp4'), { url: '/tmp/a b.mp4', live: false });
  t.match(parseSource('file:///tmp/a%20b.mp4'), { url: '/tmp/a b.mp4', live: false });
  t.match(parseSource('rtsp://cam/1'), { url: 'rtsp://cam/1', options: { rtsp_transport: 'tcp' }, live: true });
  t.match(parseSource('v4l2:/dev/video3'), { kind: 'v4l2', device: '/dev/video3', format: 'auto', live: true });
  t.match(parseSource('libcamera:1'), { kind: 'libcamera', camera: 1, size: { width: 1280, height: 720 }, live: true });
  t.match(parseSource('gstreamer:videotestsrc is-live=true'), { pipeline: 'videotestsrc is-live=true', live: true });
  t.equal(parseSource('RTSP://cam/1').kind, 'ffmpeg', 'capitals make no difference');
});

t.test('a CSI camera of a Jetson is a pipeline by name', async (t) => {
  const { pipeline } = parseSource('gstreamer:jetson-csi') as { pipeline: string };
  t.equal(
    pipeline,
    'nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw,format=I420',
  );
  const second = parseSource('gstreamer:jetson-csi:1', { size: [1920, 1080], captureFps: 29.97 });
  t.match(second, { pipeline: /sensor-id=1 .*width=1920,height=1080,framerate=2997\/100 / });
});

t.test('a login in the settings becomes part of the address, whatever it is made of', async (t) => {
  const url = (address: string, network: NetworkOptions) => (parseSource(address, { network }) as { url: string }).url;
  t.equal(
    url('rtsp://cam/1?a=b', { username: 'me', password: 'p@ss/w:rd#?' }),
    'rtsp://me:p%40ss%2Fw%3Ard%23%3F@cam/1?a=b',
  );
  t.equal(url('rtsp://me@cam/1', { password: 'x' }), 'rtsp://me:x@cam/1');
  t.equal(url('rtsp://a:b@cam:554/1', { username: 'c' }), 'rtsp://c:b@cam:554/1');
  t.equal(url('rtsp://cam/1', { transport: 'udp' }), 'rtsp://cam/1');
  t.match(parseSource('rtsp://cam/1', { network: { transport: 'udp' } }), { options: { rtsp_transport: 'udp' } });
});

t.test('another scheme is refused with what is known', async (t) => {
  t.throws(() => parseSource('gopher://x'), { code: 'ERR_SOURCE_UNKNOWN', message: /rtsp:\/\// });
});

t.test('every network source has a time-out, and checks certificates', async (t) => {
  for (const url of ['rtsp://a', 'rtsps://a', 'http://a', 'https://a']) {
    const source = parseSource(url);
    if (source.kind !== 'ffmpeg' && source.kind !== 'http') throw new Error('unexpected kind');
    t.match(source.network, { timeoutMs: 10_000, tls: { verify: true } }, url);
    const { options } = source.kind === 'http' ? asFfmpegSource(source) : source;
    t.match(options, { timeout: '10000000', tls_verify: '1' }, url);
  }
  const unchecked = parseSource('rtsps://a', { network: { tls: { verify: false } } });
  t.notOk('options' in unchecked && 'tls_verify' in unchecked.options);
});
