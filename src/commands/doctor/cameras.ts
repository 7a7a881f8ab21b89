import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { describeSource, schemeOf } from '../../config/address.js';
import type { Settings } from '../../config/schema.js';
import { type FoundCamera, findCameras } from '../../device/cameras.js';
import type { System } from '../../device/system.js';
import { type Check, fail, ok, warn } from './check.js';

/** What the board has, and whether what the settings name is there. No camera is opened: one may be in use. */
export async function checkCameras(system: System, cameras: Settings['cameras']): Promise<Check[]> {
  const found = await findCameras(system);
  const named = Object.entries(cameras);
  const checks = await Promise.all(named.map(([name, { source }]) => checkSource(`camera ${name}`, source, found)));
  return [checkFound(found, named.length > 0), ...checks];
}

function checkFound(found: readonly FoundCamera[], named: boolean): Check {
  const said = found.map(({ source, name, driver }) => `${name} (${driver}: ${source})`).join(', ');
  if (found.length > 0) return ok('cameras found', said);
  if (named) return ok('cameras found', 'none on this board');
  const advice = 'connect one (`minspnet cameras` shows it), or name one in the settings';
  return warn('cameras found', 'none, and none in the settings: `run` shows the demo clip', advice);
}

async function checkSource(name: string, source: string, found: readonly FoundCamera[]): Promise<Check> {
  const shown = describeSource(source);
  const scheme = schemeOf(source);
  if (source === 'demo') return ok(name, 'the demo clip');
  if (scheme === 'libcamera:') {
    if (found.some((camera) => camera.source === source)) return ok(name, shown);
    const advice = 'see `rpicam-hello --list-cameras`; it must be installed, and the cable pushed in fully';
    return fail(name, 'input', `${shown} is not among the cameras that libcamera lists`, advice);
  }
  if (scheme !== undefined && scheme !== 'v4l2:' && scheme !== 'file:') return ok(name, `${shown} (not tried here)`);
  const path = scheme === undefined ? source : source.slice(scheme.length);
  try {
    await access(path, scheme === 'v4l2:' ? constants.R_OK | constants.W_OK : constants.R_OK);
    return ok(name, shown);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const advice = scheme === 'v4l2:' && !missing ? 'join the group video, see below' : `see \`ls -l ${path}\``;
    return fail(name, 'input', `${path} ${missing ? 'does not exist' : 'can’t be read by this user'}`, advice);
  }
}
