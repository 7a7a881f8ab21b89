import t from 'tap';
import { brokerUrlMistake, cameraSourceMistake } from '../../src/config/address.js';

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
  t.match(cameraSourceMistake('rtsp://u:p/w@h/x'), /rtsp:\/\/user:password@host.*%2F/);
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
  for (const url of ['', 'h', 'h:1883', 'http://h', 'mqtt://', 'mqtt:', 'mqtt://h:99999']) {
    t.match(brokerUrlMistake(url), /mqtt:\/\/host:1883/, url);
  }
});
