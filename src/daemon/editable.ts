import { sourceKind } from '../config/address.js';
import type { SettingsEdit } from '../config/edit.js';
import { formatPath, type SettingPath } from '../config/path.js';
import { RequestError } from '../contract/errors.js';
import { type Geometry, type NewCamera, newCamera, type SettingsChange } from '../contract/http.js';

/**
 * The settings that may be changed over HTTP; `*` is any name. None of them names a program, a library or a folder, so
 * whoever has the token can't run anything of their own on the board.
 */
export const editable: readonly string[] = [
  'node',
  'model.path',
  'model.precision',
  'limits.temperature',
  'limits.watts',
  'limits.cpu',
  'events.updateSeconds',
  'events.snapshot.quality',
  'events.snapshot.maxSize',
  'events.snapshot.drawBox',
  'mqtt.url',
  'mqtt.username',
  'mqtt.password',
  'mqtt.homeAssistant.enabled',
  'mqtt.frigateCompatible',
  'cameras.*',
  'cameras.*.source',
  'cameras.*.fps',
  'cameras.*.minScore',
  'cameras.*.classes',
  'cameras.*.region',
  'cameras.*.zones',
  'cameras.*.lines',
  'cameras.*.masks',
  'cameras.*.motion.gate',
  'cameras.*.network.username',
  'cameras.*.network.password',
];

/** @throws {RequestError} ERR_REQUEST_DENIED for a setting that is not to be changed over HTTP */
export function editsOf({ changes }: SettingsChange): SettingsEdit[] {
  return changes.map(({ path, value }) => {
    if (!editable.some((pattern) => covers(pattern.split('.'), path)))
      throw denied(formatPath(path), 'change it in the file');
    const [root, name, part] = path.map(String);
    if (root === 'model' && name === 'path' && !/^[\w.-]{1,64}$/.test(String(value))) {
      throw denied('model.path', 'here it is a model’s name; a folder is written in the file');
    }
    if (root === 'cameras' && part === undefined && value !== null) {
      const camera = newCamera.safeParse(value);
      if (camera.success) return { path, value: cameraOf(camera.data) };
      const what = camera.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
      throw new RequestError('ERR_REQUEST_INVALID', 'usage', `${formatPath(path)}: ${what}`);
    }
    if (root === 'cameras' && part === 'source') mustBeHarmless(String(value));
    return { path, value: value ?? undefined };
  });
}

/** A new camera as it is written. A file starts over: the daemon ends with the last of its files, and a camera does not. */
export function cameraOf({ source, ...rest }: NewCamera): Record<string, unknown> {
  mustBeHarmless(source);
  return { source, ...(sourceKind(source) === 'file' && { loop: true }), ...rest };
}

/** All that is drawn over one camera; what is empty is not written. */
export function geometryEdits(camera: string, { zones, lines, masks, region }: Geometry): SettingsEdit[] {
  const some = (values: Record<string, unknown>) => (Object.keys(values).length > 0 ? values : undefined);
  const values = { region: region ?? undefined, zones: some(zones), lines: some(lines), masks: some(masks) };
  return Object.entries(values).map(([name, value]) => ({ path: ['cameras', camera, name], value }));
}

/** @throws {RequestError} ERR_REQUEST_DENIED for a source that would run what it says */
export function mustBeHarmless(source: string): void {
  const kind = sourceKind(source);
  if (kind !== 'gstreamer') return;
  throw denied('a GStreamer pipeline as source', 'it runs whatever it names, so it is written in the file');
}

function covers(pattern: readonly string[], path: SettingPath): boolean {
  return pattern.length === path.length && pattern.every((step, i) => step === '*' || step === String(path[i]));
}

function denied(what: string, instead: string): RequestError {
  return new RequestError('ERR_REQUEST_DENIED', 'usage', `${what} can't be set over HTTP: ${instead}.`);
}
