import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findCamera, findCameras } from '../../src/device/cameras.js';
import { System } from '../../src/device/system.js';

/** A /sys with these V4L2 nodes. */
function videoNodes(root: string, nodes: Record<string, { name: string; index: number }>): string {
  for (const [node, { name, index }] of Object.entries(nodes)) {
    const folder = join(root, 'sys/class/video4linux', node);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'name'), `${name}\n`);
    writeFileSync(join(folder, 'index'), `${index}\n`);
  }
  return root;
}

t.test('a board without a camera has none', async (t) => {
  t.equal(await findCamera(new System(t.testdir())), undefined);
});

t.test('a USB camera is its first node', async (t) => {
  const root = videoNodes(t.testdir(), {
    video1: { name: 'HD Pro Webcam C920', index: 1 },
    video0: { name: 'HD Pro Webcam C920', index: 0 },
  });
  t.equal(await findCamera(new System(root)), 'v4l2:/dev/video0');
  t.strictSame(await findCameras(new System(root)), [
    { source: 'v4l2:/dev/video0', name: 'HD Pro Webcam C920', driver: 'v4l2' },
  ]);
});

t.test('decoders and the ISP of a Raspberry Pi are no cameras', async (t) => {
  const root = videoNodes(t.testdir(), {
    video10: { name: 'bcm2835-codec-decode', index: 0 },
    video13: { name: 'bcm2835-isp-output0', index: 0 },
    video19: { name: 'rpi-hevc-dec', index: 0 },
    video2: { name: 'rp1-cfe-csi2_ch0', index: 0 },
  });
  t.equal(await findCamera(new System(root)), undefined);
});

t.test('a CSI camera that libcamera lists comes first', async (t) => {
  const dir = t.testdir({ bin: {} });
  const listing =
    'Available cameras\\n-----------------\\n0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)\\n';
  const program = join(dir, 'bin', 'rpicam-hello');
  writeFileSync(program, `#!/bin/sh\nprintf '${listing}'\n`);
  chmodSync(program, 0o755);
  const root = videoNodes(dir, { video0: { name: 'HD Pro Webcam C920', index: 0 } });
  const system = new System(root, { searchPath: `${join(dir, 'bin')}:/usr/bin:/bin` });
  t.equal(await findCamera(system), 'libcamera:0');
  t.strictSame(await findCameras(system), [
    { source: 'libcamera:0', name: 'imx708', driver: 'libcamera' },
    { source: 'v4l2:/dev/video0', name: 'HD Pro Webcam C920', driver: 'v4l2' },
  ]);
});
