import { exitCodes } from '../contract/errors.js';
import { type CameraMode, type FoundCamera, findCameras, readModes } from '../device/cameras.js';
import { System } from '../device/system.js';

export interface CamerasOptions {
  /** One JSON document in place of text. */
  json: boolean;
}

/** What `--json` prints, one a camera. */
export interface ListedCamera extends Omit<FoundCamera, 'modes'> {
  /** Null: not known. */
  modes: CameraMode[] | null;
}

const none = 'no camera is on this board. Connect one: `rpicam-hello --list-cameras` or `ls /dev/video*` shows it.';
const unknown = 'formats not known: install v4l-utils, and see `minspnet doctor` for who may use the device';

/**
 * `minspnet cameras`: the cameras of this board, with what to write as their `source`. None is opened, so the daemon may
 * hold them.
 *
 * @returns 0, or 66 where there is none
 */
export async function cameras({ json }: CamerasOptions, system = new System()): Promise<number> {
  const listed: ListedCamera[] = [];
  for (const camera of await findCameras(system)) {
    listed.push({ ...camera, modes: (await readModes(system, camera)) ?? null });
  }
  process.stdout.write(json ? `${JSON.stringify(listed, null, 2)}\n` : listed.map(describeCamera).join(''));
  if (listed.length > 0) return exitCodes.ok;
  process.stderr.write(`${none}\n`);
  return exitCodes.input;
}

/** The source first, since it is what is copied; then a line a format. */
export function describeCamera({ source, name, driver, device, modes }: ListedCamera): string {
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
