import { System } from './system.js';

/** A camera that this board has. */
export interface FoundCamera {
  /** As a camera's `source` in the settings. */
  source: string;
  /** As it calls itself: `imx708`, `HD Pro Webcam C920`. */
  name: string;
  /** What pictures are read through. */
  driver: 'libcamera' | 'v4l2';
}

/** `libcamera-hello` is the name on Raspberry Pi OS before Bookworm. */
const listers = ['rpicam-hello', 'libcamera-hello'];
/** It starts the camera's pipeline. ms. */
const listMs = 4000;

/** Decoders, scalers, ISPs and the raw end of a CSI receiver: V4L2 nodes, but no cameras. */
const noCamera = /codec|isp|unicam|rp1-cfe|pispbe|hevc|m2m/i;

/**
 * The first camera that the board has, as a `source`: CSI before USB, since a board with a CSI camera was given it on
 * purpose. Undefined when there is none.
 */
export async function findCamera(system: System = new System()): Promise<string | undefined> {
  const [first] = await findCameras(system);
  return first?.source;
}

/** All cameras, CSI before USB. */
export async function findCameras(system: System = new System()): Promise<FoundCamera[]> {
  return [...(await findCsiCameras(system)), ...(await findVideoDevices(system))];
}

/** Lines such as `0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/…/imx708@1a)`. */
async function findCsiCameras(system: System): Promise<FoundCamera[]> {
  for (const program of listers) {
    const listed = await system.run(program, ['--list-cameras'], listMs);
    if ('failure' in listed) continue;
    const found = [...listed.stdout.matchAll(/^(\d+) : (\S+)/gm)];
    return found.map(([, index, name]) => ({ source: `libcamera:${index}`, name: name ?? '', driver: 'libcamera' }));
  }
  return [];
}

/**
 * The V4L2 nodes that are a camera's first one. On a Raspberry Pi /dev/video10 and up are decoders, scalers and the
 * ISP; a USB camera has a second node for metadata, whose `index` is 1.
 */
async function findVideoDevices(system: System): Promise<FoundCamera[]> {
  const nodes = (await system.list('sys/class/video4linux')).filter((node) => /^video\d+$/.test(node));
  const cameras: FoundCamera[] = [];
  for (const node of nodes) {
    const folder = `sys/class/video4linux/${node}`;
    const name = (await system.text(`${folder}/name`)) ?? '';
    const index = await system.text(`${folder}/index`);
    if (index === '0' && !noCamera.test(name)) cameras.push({ source: `v4l2:/dev/${node}`, name, driver: 'v4l2' });
  }
  return cameras;
}
