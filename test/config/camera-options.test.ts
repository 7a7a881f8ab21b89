import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadSettings } from '../../src/config/load.js';
import { maskSettings } from '../../src/config/mask.js';

function load(t: Test, yaml: string, options: { secret?: string; allowMissingSecrets?: boolean } = {}) {
  const file = join(t.testdir({ 'minspnet.yaml': yaml }), 'minspnet.yaml');
  const environment = options.secret === undefined ? {} : { MINSPNET_SECRET_DOOR: options.secret };
  return loadSettings({ file, environment, allowMissingSecrets: options.allowMissingSecrets ?? false });
}

const camera = (text: string) => `cameras: {door: {${text}}}`;

t.test('options go with their kind of source', async (t) => {
  const good = [
    'source: "libcamera:0", size: [1920, 1080], captureFps: 15, libcamera: {rotation: 180, roi: [0.5, 0.5, 0.5, 0.5]}',
    'source: "v4l2:/dev/video0", size: [640, 480], captureFps: 30, decoder: software, v4l2: {format: mjpeg}',
    'source: "rtsp://h/2", network: {username: a, password: b, transport: udp, stream: 1}',
    'source: "gstreamer:jetson-csi", size: [1920, 1080], captureFps: 30',
  ];
  for (const text of good) t.doesNotThrow(() => load(t, camera(text)), text);
  const foreign: [string, RegExp][] = [
    [
      'source: demo, size: [640, 480]',
      /door\.size: .*kind libcamera or v4l2 or jetson-csi; this one is of the kind file/,
    ],
    ['source: "rtsp://h/1", libcamera: {gain: 2}', /door\.libcamera: .*kind network/],
    ['source: "libcamera:0", network: {transport: udp}', /door\.network: /],
    ['source: "gstreamer:videotestsrc", size: [640, 480]', /door\.size: .*; this one is of the kind gstreamer/],
  ];
  for (const [text, message] of foreign) {
    t.throws(() => load(t, camera(text)), { code: 'ERR_CONFIG_INVALID', message }, text);
  }
});

t.test('what an option takes is said', async (t) => {
  const bad: [string, RegExp][] = [
    ['source: "libcamera:0", libcamera: {shuterMicroseconds: 5}', /did you mean "shutterMicroseconds"/],
    ['source: "libcamera:0", libcamera: {rotation: 90}', /rotation: found 90; allowed: 0, 180/],
    ['source: "libcamera:0", libcamera: {roi: [0.5, 0, 0.6, 1]}', /roi: .*lies inside the picture/],
    ['source: "libcamera:0", libcamera: {awb: sunny}', /awb: found "sunny"; allowed: auto, incandescent/],
    ['source: "libcamera:0", size: [641, 480]', /size\[0\]: found 641; allowed: .*a multiple of 2/],
    ['source: "v4l2:/dev/video0", v4l2: {format: mpeg}', /format: found "mpeg"; allowed: auto, mjpeg, yuyv, h264/],
    ['source: "rtsp://h/1", network: {stream: big}', /stream: found "big"; allowed: largest, smallest, or a whole/],
    ['source: "rtsp://h/1", network: {timeoutSeconds: 0}', /timeoutSeconds: found 0; allowed: a number above 0/],
  ];
  for (const [text, message] of bad) {
    t.throws(() => load(t, camera(text)), { code: 'ERR_CONFIG_INVALID', message }, text);
  }
});

t.test('a password of a camera is never shown, wherever it came from', async (t) => {
  const { settings } = load(t, camera('source: "rtsp://h/1", network: {username: a, password: hunter2}'));
  t.equal(settings.cameras.door?.network?.password, 'hunter2');
  t.equal(maskSettings(settings).cameras.door?.network?.password, '***');
  const wrong = camera('source: "libcamera:0", network: {password: hunter2}');
  const error = t.throws(() => load(t, wrong)) as Error;
  t.notMatch(error.message, /hunter2/);
});

t.test('an address that is a secret of another machine says nothing about its options', async (t) => {
  const yaml = 'cameras: {door: {source: !secret door, network: {transport: udp}}}';
  t.strictSame(load(t, yaml, { allowMissingSecrets: true }).missingSecrets, ['door']);
  t.doesNotThrow(() => load(t, yaml, { secret: 'rtsp://u:p@h/1' }));
  t.throws(() => load(t, yaml, { secret: 'libcamera:0' }), { message: /door\.network/ });
});
