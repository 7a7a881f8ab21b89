import type { SettingPath } from './path.js';
import type { Origin } from './problem.js';

/** A value from the environment or the command line: it takes the place of whatever the file says at its path. */
export interface Override {
  origin: Origin;
  path: SettingPath;
  value: unknown;
}
