import t from 'tap';
import { maskUrl } from '../../src/config/mask.js';

t.test('passwords in addresses', async (t) => {
  const cases: Record<string, string> = {
    'rtsp://admin:hunter2@door/1': 'rtsp://admin:***@door/1',
    'rtsp://admin:hun@ter2@door:554/1?password=x&a=1#b': 'rtsp://admin:***@door:554/1?password=***&a=1#b',
    'rtsp://a:p/w@h/x': 'rtsp://a:***@h/x',
    'rtsp://a:p#w?@h/x': 'rtsp://a:***@h/x',
    'mqtt://token@host': 'mqtt://***@host',
    'mqtt://:password@host': 'mqtt://:***@host',
    'gstreamer:rtspsrc location="rtsp://c:d@h" ! a location=rtsp://e:f@h/x':
      'gstreamer:rtspsrc location="rtsp://c:***@h" ! a location=rtsp://e:***@h/x',
    'gstreamer:rtspsrc user-id=me user-pw=hunter2 ! x': 'gstreamer:rtspsrc user-id=me user-pw=*** ! x',
    'rtspsrc user-pw="hunt \\"er 2" location=rtsp://h': 'rtspsrc user-pw=*** location=rtsp://h',
    'rtsp://h/user=admin_password=hunter2_channel=1_stream=0.sdp': 'rtsp://h/user=admin_password=***',
    'rtsp://h/user=admin&password=&channel=1': 'rtsp://h/user=admin&password=&channel=1',
    'http://h/video.cgi?loginuse=admin&loginpas=hunter2&rate=0':
      'http://h/video.cgi?loginuse=admin&loginpas=***&rate=0',
    'http://h/flv?user=a&api_key=hunter2&x_token=hunter2': 'http://h/flv?user=a&api_key=***&x_token=***',
    'can’t open rtsp://a:b@h/x: refused': 'can’t open rtsp://a:***@h/x: refused',
  };
  for (const [text, masked] of Object.entries(cases)) t.equal(maskUrl(text), masked);
});

t.test('what holds no password stays as it is', async (t) => {
  for (const text of ['http://host:8080/cam@1', 'http://host/p@th', 'rtsp://h:554/s', 'x@y', '/a//b', 'demo', '']) {
    t.equal(maskUrl(text), text);
  }
});

t.test('a long text takes no long time', async (t) => {
  const started = process.cpuUsage();
  maskUrl(`//${'a:'.repeat(50_000)}`);
  maskUrl('//a:'.repeat(20_000));
  t.ok(process.cpuUsage(started).user < 2e6, 'linear in its length, or nearly');
});
