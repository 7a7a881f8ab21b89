import { System } from './system.js';

/** A camera that this board has. */
export interface FoundCamera {
  /** As a camera's `source` in the settings; it names the same camera after a restart, where that is to be had. */
  source: string;
  /** As it calls itself: `imx708`, `HD Pro Webcam C920`. */
  name: string;
  /** What pictures are read through; argus is NVIDIA's, behind GStreamer. */
  driver: 'libcamera' | 'argus' | 'v4l2';
  /** Its node at present, where it has one. */
  device?: string;
  /** What it can be asked for, where its driver has told already. */
  modes?: CameraMode[];
}

/** `libcamera-hello` is the name on Raspberry Pi OS before Bookworm. */
const listers = ['rpicam-hello', 'libcamera-hello'];
/** It starts the camera's pipeline. ms. */
const listMs = 4000;
/** GStreamer makes its list of plugins when it is first asked. ms. */
const inspectMs = 8000;

/** Decoders, scalers, ISPs and the raw end of a CSI receiver: V4L2 nodes, but no cameras. */
const noCamera = /codec|isp|unicam|rp1-cfe|pispbe|hevc|m2m/i;
/** The raw end of a Jetson's CSI receiver, with the sensor's name: `vi-output, imx219 9-0010`. */
const jetsonSensor = /^vi-output, (\S+)/;
/** Where udev names devices by what they are, else by where they are plugged in. */
const stableFolders = ['dev/v4l/by-id', 'dev/v4l/by-path'];

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
  const nodes = await findVideoNodes(system);
  return [...(await findCsiCameras(system)), ...(await findJetsonCameras(system, nodes)), ...findUsbCameras(nodes)];
}

/**
 * The modes of a camera: those that are known already, else what `v4l2-ctl` says of its node.
 *
 * @returns undefined where neither tells
 */
export async function readModes(system: System, { modes, device }: FoundCamera): Promise<CameraMode[] | undefined> {
  if (modes !== undefined || device === undefined) return modes;
  const listed = await system.run('v4l2-ctl', ['--device', device, '--list-formats-ext']);
  return 'failure' in listed ? undefined : parseV4l2Modes(listed.stdout);
}

/**
 * A line such as `0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/…/imx708@1a)` a camera, its modes below. A camera that
 * somebody holds can end the list early: what was said until then counts.
 */
async function findCsiCameras(system: System): Promise<FoundCamera[]> {
  for (const program of listers) {
    const { stdout } = await system.run(program, ['--list-cameras'], listMs);
    const cameras = stdout.split(/^(?=\d+ : )/m).flatMap((part): FoundCamera[] => {
      const [head, index, name] = /^(\d+) : (\S+).*/.exec(part) ?? [];
      if (head === undefined || name === undefined) return [];
      const modes = parseLibcameraModes(part.slice(head.length));
      return [{ source: `libcamera:${index}`, name, driver: 'libcamera', ...(modes.length > 0 && { modes }) }];
    });
    if (cameras.length > 0) return cameras;
  }
  return [];
}

/** The sensors that the CSI receiver of a Jetson sees, where NVIDIA's source for GStreamer is there to read them. */
async function findJetsonCameras(system: System, nodes: readonly VideoNode[]): Promise<FoundCamera[]> {
  const sensors = nodes.flatMap(({ name, device }) => {
    const sensor = jetsonSensor.exec(name)?.[1];
    return sensor === undefined ? [] : [{ name: sensor, device }];
  });
  if (sensors.length === 0) return [];
  const found = await system.run('gst-inspect-1.0', ['--exists', 'nvarguscamerasrc'], inspectMs);
  if ('failure' in found) return [];
  return sensors.map((sensor, i) => ({ source: `gstreamer:jetson-csi:${i}`, driver: 'argus', ...sensor }));
}

function findUsbCameras(nodes: readonly VideoNode[]): FoundCamera[] {
  return nodes
    .filter(({ name }) => !noCamera.test(name) && !jetsonSensor.test(name))
    .map(({ name, device, stable }) => ({ source: `v4l2:${stable ?? device}`, name, driver: 'v4l2', device }));
}

/** A V4L2 device that is not the second one of another: a USB camera has one more for metadata, whose `index` is 1. */
interface VideoNode {
  name: string;
  device: string;
  /** A name that it has after every start. */
  stable?: string;
}

async function findVideoNodes(system: System): Promise<VideoNode[]> {
  const nodes: VideoNode[] = [];
  const stable = await findStableNames(system);
  for (const node of await system.list('sys/class/video4linux')) {
    const folder = `sys/class/video4linux/${node}`;
    if (!/^video\d+$/.test(node) || (await system.text(`${folder}/index`)) !== '0') continue;
    const name = (await system.text(`${folder}/name`)) ?? '';
    const known = stable.get(node);
    nodes.push({ name, device: `/dev/${node}`, ...(known !== undefined && { stable: known }) });
  }
  return nodes;
}

/** By node: two cameras of one make without serial numbers share a name by what they are, and only one has it. */
async function findStableNames(system: System): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const folder of stableFolders) {
    for (const link of await system.list(folder)) {
      const node = (await system.target(`${folder}/${link}`))?.split('/').at(-1);
      if (node !== undefined && !names.has(node)) names.set(node, `/${folder}/${link}`);
    }
  }
  return names;
}

/** One format and size that a camera has, with its rates. */
export interface CameraMode {
  /** As the driver calls it: `MJPG`, `YUYV`, `SRGGB10_CSI2P`. */
  format: string;
  width: number;
  height: number;
  /** Pictures a second, the most first; none where it does not say. */
  fps: number[];
}

/**
 * `'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]`; the format stands before the first size only, and
 * the rate is `nan` where the driver names none.
 */
const libcameraMode = /(?:'([^']+)'\s*:\s*)?(\d+)x(\d+)\s+\[(\S+) fps/g;

/** The modes of one camera in what `rpicam-hello --list-cameras` prints. */
export function parseLibcameraModes(text: string): CameraMode[] {
  let format = '';
  return [...text.matchAll(libcameraMode)].map(([, named, width, height, fps]) => {
    format = named ?? format;
    return { format, width: Number(width), height: Number(height), fps: [Number(fps)].filter(Number.isFinite) };
  });
}

/** Of a range (`Size: Stepwise 16x16 - 1920x1080 with step 2/2`, `(1.000-30.000 fps)`) the largest is taken. */
const v4l2Format = /^\[\d+\]: '(.+?)'/;
const v4l2Size = /^Size: .*?(\d+)x(\d+)(?: with step .*)?$/;
const v4l2Rate = /\((?:[\d.]+-)?([\d.]+) fps\)$/;

/** What `v4l2-ctl --list-formats-ext` prints. */
export function parseV4l2Modes(text: string): CameraMode[] {
  const modes: CameraMode[] = [];
  let format = '';
  for (const line of text.split('\n').map((line) => line.trim())) {
    format = v4l2Format.exec(line)?.[1] ?? format;
    const [, width, height] = v4l2Size.exec(line) ?? [];
    if (width !== undefined) modes.push({ format, width: Number(width), height: Number(height), fps: [] });
    const rate = v4l2Rate.exec(line)?.[1];
    if (rate !== undefined) modes.at(-1)?.fps.push(Number(rate));
  }
  for (const { fps } of modes) fps.sort((a, b) => b - a);
  return modes;
}
