import t from 'tap';
import { parseSource } from '../../../src/pipeline/capture/source.js';

t.test('each kind of source', async (t) => {
  t.match(parseSource('demo'), { kind: 'ffmpeg', url: /demo\/street\.mp4$/, live: false });
  t.match(parseSource('clips/a.mp4'), { kind: 'ffmpeg', url: `${process.cwd()}/clips/a.mp4`, live: false });
  t.match(parseSource('file:/tmp/a b.mp4'), { url: '/tmp/a b.mp4', live: false });
  t.match(parseSource('file:///tmp/a%20b.mp4'), { url: '/tmp/a b.mp4', live: false });
  t.match(parseSource('rtsp://cam/1'), { url: 'rtsp://cam/1', options: { rtsp_transport: 'tcp' }, live: true });
  t.match(parseSource('v4l2:/dev/video3'), { url: '/dev/video3', format: 'v4l2', live: true });
  t.strictSame(parseSource('libcamera:1'), { kind: 'libcamera', camera: 1, live: true });
});

t.test('another scheme is refused with what is known', async (t) => {
  t.throws(() => parseSource('gopher://x'), { code: 'ERR_SOURCE_UNKNOWN', message: /rtsp:\/\// });
});

t.test('every network source has a time-out', async (t) => {
  for (const url of ['rtsp://a', 'rtsps://a', 'http://a', 'https://a']) {
    const source = parseSource(url);
    if (source.kind !== 'ffmpeg') throw new Error('unexpected kind');
    t.ok(source.options.timeout ?? source.options.rw_timeout, url);
  }
});
