import t from 'tap';
import { findCamera, findCameras, parseLibcameraModes, parseV4l2Modes, readModes } from '../../src/device/cameras.js';
import { System } from '../../src/device/system.js';
import { boardWith, link, rpicamListing, v4l2Listing, videoNode } from './fixtures/cameras.js';

t.test('a board without a camera has none', async (t) => {
  t.equal(await findCamera(new System(t.testdir())), undefined);
});

t.test('a USB camera is its first node', async (t) => {
  const system = boardWith(t.testdir(), [videoNode('video1', 'C920', 1), videoNode('video0', 'C920')]);
  t.equal(await findCamera(system), 'v4l2:/dev/video0');
  t.strictSame(await findCameras(system), [
    { source: 'v4l2:/dev/video0', name: 'C920', driver: 'v4l2', device: '/dev/video0' },
  ]);
});

t.test('it is named by what it is; where another has that name, by where it is plugged in', async (t) => {
  const root = t.testdir();
  const system = boardWith(root, [videoNode('video0', 'C920'), videoNode('video2', 'C920')]);
  link(root, 'dev/v4l/by-id/usb-046d_C920-video-index0', 'video2');
  link(root, 'dev/v4l/by-path/platform-xhci-hcd.0-usb-0:1:1.0-video-index0', 'video0');
  link(root, 'dev/v4l/by-path/platform-xhci-hcd.0-usb-0:2:1.0-video-index0', 'video2');
  t.match(await findCameras(system), [
    { source: 'v4l2:/dev/v4l/by-path/platform-xhci-hcd.0-usb-0:1:1.0-video-index0', device: '/dev/video0' },
    { source: 'v4l2:/dev/v4l/by-id/usb-046d_C920-video-index0', device: '/dev/video2' },
  ]);
});

t.test('decoders and the ISP of a Raspberry Pi are no cameras', async (t) => {
  const system = boardWith(t.testdir(), [
    videoNode('video10', 'bcm2835-codec-decode'),
    videoNode('video13', 'bcm2835-isp-output0'),
    videoNode('video19', 'rpi-hevc-dec'),
    videoNode('video2', 'rp1-cfe-csi2_ch0'),
  ]);
  t.equal(await findCamera(system), undefined);
});

for (const program of ['rpicam-hello', 'libcamera-hello']) {
  t.test(`CSI cameras that ${program} lists come first, with their modes`, async (t) => {
    const system = boardWith(t.testdir(), [videoNode('video0', 'C920')], { [program]: rpicamListing });
    t.equal(await findCamera(system), 'libcamera:0');
    t.match(await findCameras(system), [
      {
        source: 'libcamera:0',
        name: 'imx708',
        driver: 'libcamera',
        modes: [
          { format: 'SRGGB10_CSI2P', width: 1536, height: 864, fps: [120.13] },
          {},
          { width: 4608, fps: [14.35] },
        ],
      },
      { source: 'libcamera:1', name: 'imx219', modes: [{ format: 'SRGGB8' }, { width: 3280 }, { width: 640 }] },
      { source: 'v4l2:/dev/video0' },
    ]);
  });
}

t.test('a program that fails halfway has named those before', async (t) => {
  const [first = ''] = rpicamListing.split('\n\n');
  const system = boardWith(t.testdir(), [], { 'rpicam-hello': `${first}\nEND\nexit 1\ncat <<'END'` });
  t.match(await findCameras(system), [{ source: 'libcamera:0', modes: [{}, {}, {}] }]);
});

t.test(
  'the sensors of a Jetson are read through NVIDIA’s source where there is one, and never as raw Bayer',
  async (t) => {
    const nodes = [videoNode('video0', 'vi-output, imx219 9-0010'), videoNode('video1', 'vi-output, imx477 10-001a')];
    t.strictSame(await findCameras(boardWith(t.testdir(), nodes, { 'gst-inspect-1.0': '' })), [
      { source: 'gstreamer:jetson-csi:0', name: 'imx219', driver: 'argus', device: '/dev/video0' },
      { source: 'gstreamer:jetson-csi:1', name: 'imx477', driver: 'argus', device: '/dev/video1' },
    ]);
    t.strictSame(await findCameras(boardWith(t.testdir(), nodes)), []);
  },
);

t.test('modes of libcamera and V4L2', async (t) => {
  t.strictSame(
    parseLibcameraModes(rpicamListing).map(({ format, width }) => `${format} ${width}`),
    ['SRGGB10_CSI2P 1536', 'SRGGB10_CSI2P 2304', 'SRGGB10_CSI2P 4608', 'SRGGB8 640', 'SRGGB8 3280'].concat(
      'SRGGB10_CSI2P 640',
    ),
  );
  t.strictSame(parseV4l2Modes(v4l2Listing), [
    { format: 'YUYV', width: 640, height: 480, fps: [30, 5] },
    { format: 'YUYV', width: 1920, height: 1080, fps: [5] },
    { format: 'MJPG', width: 1920, height: 1080, fps: [30, 24] },
    { format: 'H264', width: 1920, height: 1080, fps: [90] },
    { format: 'GREY', width: 320, height: 240, fps: [] },
  ]);
  t.strictSame(parseV4l2Modes('nonsense\n'), []);
  t.strictSame(parseLibcameraModes("'R8' : 640x480 [nan fps - (0, 0)/640x480 crop]"), [
    { format: 'R8', width: 640, height: 480, fps: [] },
  ]);
});

t.test('modes are asked of the node, and unknown without v4l2-ctl', async (t) => {
  const camera = { source: 'v4l2:/dev/v4l/by-id/x', name: 'x', driver: 'v4l2', device: '/dev/video7' } as const;
  const told = boardWith(t.testdir(), [], { 'v4l2-ctl': `[0]: 'YUYV' ()\nSize: Discrete 640x480\n` });
  t.match(await readModes(told, camera), [{ format: 'YUYV', width: 640 }]);
  t.equal(await readModes(boardWith(t.testdir(), []), camera), undefined);
});
