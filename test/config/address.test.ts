import t from 'tap';
import { brokerUrlMistake, cameraSourceMistake, describeSource } from '../../src/config/address.js';

t.test('camera sources', async (t) => {
  const known = [
    'demo',
    'clips/a b.mp4',
    '/var/clip.mp4',
    './a:b.mp4',
    'file:clip:1.mp4',
    'rtsp://user:p%2Fw@192.0.2.1:554/stream',
    'RTSPS://host/',
    'http://host/mjpeg',
    'https://[2001:db8::1]/x',
    'http://host/p@th',
    'rtsp://user:p%40%2F%23%3F@host/x',
    'v4l2:/dev/video0',
    'v4l2:/dev/v4l/by-id/usb-046d_C920-video-index0',
    'libcamera:0',
    'gstreamer:videotestsrc ! video/x-raw',
    'gstreamer:jetson-csi',
    'gstreamer:jetson-csi:1',
  ];
  for (const source of known) t.equal(cameraSourceMistake(source), undefined, source);
  for (const source of ['', '  ', 'a\0b', 'rtmp://host/x', 'clip:1.mp4', 'c:\\clip.mp4']) {
    t.match(cameraSourceMistake(source), /`demo`/, JSON.stringify(source));
  }
  for (const password of ['p/w', 'p@w', 'p#w', 'p?w', '12/34', 'a b', '"', 'p@w#1']) {
    for (const scheme of ['rtsp', 'http']) {
      const mistake = cameraSourceMistake(`${scheme}://me:${password}@host/x`);
      t.match(mistake, new RegExp(`${scheme}://user:password@host.*%2F`), password);
    }
    t.match(brokerUrlMistake(`mqtt://me:${password}@host`), /mqtt:\/\/host:1883.*%2F/, password);
  }
  for (const url of ['rtsp://me:100%@host/x', 'rtsp://host/100%', 'rtsp://me:%ff@host/x']) {
    t.match(cameraSourceMistake(url), /%25/, url);
  }
  t.match(cameraSourceMistake('rtsp:///x'), /an address with a host/);
  t.match(cameraSourceMistake('file:'), /a file’s name/);
  for (const source of ['v4l2:', 'v4l2:video0']) t.match(cameraSourceMistake(source), /v4l2:\/dev\/video0/, source);
  for (const source of ['libcamera:', 'libcamera:imx708']) t.match(cameraSourceMistake(source), /a camera’s number/);
  for (const source of ['gstreamer:', 'gstreamer: ', 'gstreamer:jetson-csi:left']) {
    t.match(cameraSourceMistake(source), /a pipeline/, source);
  }
});

t.test('brokers', async (t) => {
  for (const url of ['mqtt://h', 'mqtts://u:p@h:8883', 'ws://h:9001/mqtt', 'wss://[::1]/x']) {
    t.equal(brokerUrlMistake(url), undefined, url);
  }
  for (const url of ['', 'h', 'h:1883', 'http://h', 'mqtt://', 'mqtt:', 'mqtt://h:99999', 'mqtt://u:100%@h']) {
    t.match(brokerUrlMistake(url), /mqtt:\/\/host:1883/, url);
  }
});

t.test('a source as others may know it', async (t) => {
  const cases: Record<string, string> = {
    'rtsp://me:p%40w@door:554/stream?x=1#y': 'rtsp://door:554',
    'http://door/v?usr=admin&p=hunter2': 'http://door',
    'rtsp://me:p@w@door/x': 'rtsp://***',
    "gstreamer:rtspsrc user-pw = 'x' ! decodebin": 'gstreamer:***',
    'gstreamer:jetson-csi:1': 'gstreamer:jetson-csi:1',
    'v4l2:/dev/video0': 'v4l2:/dev/video0',
    '/var/clip.mp4': '/var/clip.mp4',
  };
  for (const [source, said] of Object.entries(cases)) t.equal(describeSource(source), said);
});
