import { exitCodes } from '../contract/errors.js';
import { type CameraMode, type FoundCamera, findCameras, readModes } from '../device/cameras.js';
import { findNetworkCameras, type NetworkCameras } from '../device/network-cameras.js';
import { System } from '../device/system.js';

export interface CamerasOptions {
  /** One JSON document in place of text. */
  json: boolean;
}

/** What `--json` prints, one a camera. */
export interface ListedCamera extends Omit<FoundCamera, 'modes' | 'driver'> {
  driver: FoundCamera['driver'] | 'onvif';
  /** Null: not known. */
  modes: CameraMode[] | null;
  /** Of a stream in the network: coding and size, as far as the camera says so. */
  detail?: string;
}

const none =
  'no camera is on this board, and none in its networks answers to ONVIF. Connect one: `rpicam-hello --list-cameras` or `ls /dev/video*` shows it.';
const wantsLogin =
  'tells its streams only with a user name and a password: the page asks for them (Settings, Add a camera)';
const unknown = 'formats not known: install v4l-utils, and see `minspnet doctor` for who may use the device';

/**
 * `minspnet cameras`: the cameras of this board and those in its networks that speak ONVIF, with what to write as their
 * `source`. None is opened, so the daemon may hold them.
 *
 * @returns 0, or 66 where there is none
 */
export async function cameras(
  { json }: CamerasOptions,
  system = new System(),
  findInNetwork: () => Promise<NetworkCameras> = findNetworkCameras,
): Promise<number> {
  const listed: ListedCamera[] = [];
  const [own, network] = await Promise.all([findCameras(system), findInNetwork()]);
  for (const camera of own) listed.push({ ...camera, modes: (await readModes(system, camera)) ?? null });
  for (const camera of network.cameras) listed.push({ ...camera, driver: 'onvif', modes: null });
  const locked = network.locked.map(({ name, host }) => `${name} at ${host} ${wantsLogin}`);
  for (const note of [...locked, ...network.notes]) process.stderr.write(`${note}\n`);
  process.stdout.write(json ? `${JSON.stringify(listed, null, 2)}\n` : listed.map(describeCamera).join(''));
  if (listed.length > 0) return exitCodes.ok;
  process.stderr.write(`${none}\n`);
  return exitCodes.input;
}

/** The source first, since it is what is copied; then a line a format. */
export function describeCamera({ source, name, driver, device, modes, detail }: ListedCamera): string {
  if (driver === 'onvif') return `${source}  ${name} (${['onvif', detail].filter(Boolean).join(', ')})\n`;
  const now = device === undefined || source.endsWith(device) ? '' : `, now ${device}`;
  const formats = [...new Set(modes?.map(({ format }) => format))];
  const lines = formats.map((format) => {
    const sizes = modes?.filter((mode) => mode.format === format).map(describeMode);
    return `${format}  ${sizes?.join(', ')}`;
  });
  return [`${source}  ${name} (${driver}${now})`, ...(modes === null ? [unknown] : lines)].join('\n    ').concat('\n');
}

/** With the highest rate. */
function describeMode({ width, height, fps: [most] }: CameraMode): string {
  return `${width}x${height}${most === undefined ? '' : ` at ${most} fps`}`;
}
