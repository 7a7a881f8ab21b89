import { deepFreeze, type LoadedSettings } from '../config/load.js';
import { type Settings, settingsSchema } from '../config/schema.js';
import type { TuningHealth } from '../contract/health.js';
import type { TunedSettings } from '../daemon/configuration.js';
import { modelPlaces, openStateDirectory } from '../daemon/state-directory.js';
import { readBoard } from '../device/board.js';
import { readTuning, tuningKey, tuningPath } from '../device/tuning-file.js';
import { findCard } from '../model/load.js';
import { describe } from './tune/candidates.js';

/**
 * What `tune` chose for this board, model and runtime, where the settings leave it open: what a person has set stays.
 *
 * @param say gets a line for the log
 */
export async function withTuning(
  { settings, originOf }: Pick<LoadedSettings, 'settings' | 'originOf'>,
  say: (line: string) => void,
): Promise<TunedSettings> {
  const { model, runtime } = settings;
  const card = await findCard(model.path, 'detect', modelPlaces(settings));
  const directory = await openStateDirectory(settings.stateDirectory);
  const key = tuningKey(await readBoard(), card, runtime);
  const found = await readTuning(directory, key);
  if ('unusable' in found) {
    if (!found.expected) say(`tuned     no: ${found.unusable}`);
    return { settings, tuning: { model: card.name, choice: null, kept: [], reason: found.unusable } };
  }
  const { precision, size, threads, spinning, provider } = found.choice;
  const chosen = { model: { precision, size }, runtime: { threads, spinning, provider } };
  const kept: string[] = [];
  const open = (room: 'model' | 'runtime') =>
    Object.fromEntries(
      Object.entries(chosen[room]).filter(([name]) => {
        const isOpen = originOf([room, name]).kind === 'default';
        if (!isOpen) kept.push(`${room}.${name}`);
        return isOpen;
      }),
    );
  const tuned = { ...settings, model: { ...model, ...open('model') }, runtime: { ...runtime, ...open('runtime') } };
  const but = kept.length === 0 ? '' : `, but ${kept.join(', ')} as the settings say`;
  say(`tuned     ${describe(found.choice)}${but} (measured ${found.at}, ${tuningPath(directory, key)})`);
  const tuning: TuningHealth = { model: card.name, choice: found.choice, kept, at: found.at, reason: found.why };
  return { settings: deepFreeze<Settings>(settingsSchema.parse(tuned)), tuning };
}
