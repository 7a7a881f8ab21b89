import type { LoadedSettings } from '../../config/load.js';
import { describe } from '../tune/choose.js';
import { withTuning } from '../tuned.js';
import { type Check, ok } from './check.js';

const name = 'tuning';

/** What `run` would do with what `tune` chose; not having tuned is no fault. Undefined where the model can't be used. */
export async function checkTuning(loaded: Pick<LoadedSettings, 'settings' | 'originOf'>): Promise<Check | undefined> {
  const found = await withTuning(loaded, () => {}).catch(() => undefined);
  if (found === undefined) return undefined;
  const { choice, kept, at, reason } = found.tuning;
  if (choice === null) return ok(name, `none: ${reason}`);
  const but = kept.length === 0 ? '' : `, but ${kept.join(', ')} as the settings say`;
  return ok(name, `${describe(choice)}${but} (measured ${at})`);
}
