import t, { type Test } from 'tap';
import { cameras, type ListedCamera } from '../../src/commands/cameras.js';
import { exitCodes } from '../../src/contract/errors.js';
import type { NetworkCameras } from '../../src/device/network-cameras.js';
import type { System } from '../../src/device/system.js';
import { boardWith, link, rpicamListing, v4l2Listing, videoNode } from '../device/fixtures/cameras.js';

const noNetwork: NetworkCameras = { cameras: [], locked: [], notes: [] };

async function list(t: Test, system: System, json = false, network = noNetwork) {
  const stdout = t.capture(process.stdout, 'write', () => true);
  const stderr = t.capture(process.stderr, 'write', () => true);
  const code = await cameras({ json }, system, async () => network);
  stdout.restore();
  stderr.restore();
  const text = (captured: typeof stdout) =>
    captured()
      .map(({ args }) => String(args[0]))
      .join('');
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

t.test('what a board has, as text and as JSON', async (t) => {
  const root = t.testdir();
  const programs = { 'rpicam-hello': rpicamListing, 'v4l2-ctl': v4l2Listing };
  const system = boardWith(root, [videoNode('video4', 'HD Pro Webcam C920')], programs);
  link(root, 'dev/v4l/by-id/usb-C920-video-index0', 'video4');
  const { code, stdout } = await list(t, system);
  t.equal(code, exitCodes.ok);
  t.equal(
    stdout,
    `libcamera:0  imx708 (libcamera)
    SRGGB10_CSI2P  1536x864 at 120.13 fps, 2304x1296 at 56.03 fps, 4608x2592 at 14.35 fps
libcamera:1  imx219 (libcamera)
    SRGGB8  640x480 at 206.65 fps, 3280x2464 at 21.19 fps
    SRGGB10_CSI2P  640x480 at 206.65 fps
v4l2:/dev/v4l/by-id/usb-C920-video-index0  HD Pro Webcam C920 (v4l2, now /dev/video4)
    YUYV  640x480 at 30 fps, 1920x1080 at 5 fps
    MJPG  1920x1080 at 30 fps
    H264  1920x1080 at 90 fps
    GREY  320x240
`,
  );
  const listed: ListedCamera[] = JSON.parse((await list(t, system, true)).stdout);
  t.strictSame(
    listed.map(({ source, modes }) => [source, modes?.length]),
    [
      ['libcamera:0', 3],
      ['libcamera:1', 3],
      ['v4l2:/dev/v4l/by-id/usb-C920-video-index0', 5],
    ],
  );
});

t.test('formats that nobody tells', async (t) => {
  const system = boardWith(t.testdir(), [videoNode('video0', 'C920')]);
  t.match(await list(t, system), { code: 0, stdout: /^v4l2:\/dev\/video0 {2}C920 \(v4l2\)\n {4}formats not known/ });
  t.match(JSON.parse((await list(t, system, true)).stdout), [{ modes: null }]);
});

t.test('no camera is 66, and JSON all the same', async (t) => {
  t.match(await list(t, boardWith(t.testdir(), [])), { code: exitCodes.input, stdout: '', stderr: /no camera/ });
  t.match(await list(t, boardWith(t.testdir(), []), true), { code: exitCodes.input, stdout: '[]\n' });
});

t.test('cameras in the network, and those that want a login', async (t) => {
  const network: NetworkCameras = {
    cameras: [{ source: 'rtsp://192.0.2.20/main', name: 'Front door', detail: 'H264, 1920 × 1080' }],
    locked: [{ name: 'Garage', host: '192.0.2.21' }],
    notes: [],
  };
  const system = boardWith(t.testdir(), []);
  t.match(await list(t, system, false, network), {
    code: 0,
    stdout: 'rtsp://192.0.2.20/main  Front door (onvif, H264, 1920 × 1080)\n',
    stderr: /^Garage at 192\.0\.2\.21 .*user name/,
  });
  t.match(JSON.parse((await list(t, system, true, network)).stdout), [{ driver: 'onvif', modes: null }]);
});
