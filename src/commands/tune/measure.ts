import { asMinspnetError, type SerialisedError } from '../../contract/errors.js';
import type { Trial } from '../../contract/tuning.js';
import { Sensors } from '../../device/sensors.js';
import type { SearchOptions } from './search.js';
import { search } from './search.js';

/** What this program is sent once; it answers until it has `trials` or an `error`. */
export type Task = Omit<SearchOptions, 'sensors' | 'onProgress'>;
export type Answer =
  | { kind: 'progress'; round: number; candidates: number; done: number }
  | { kind: 'trials'; trials: Trial[]; power: string }
  | { kind: 'error'; error: SerialisedError };

// A program of its own, as the engine is one: a library that the settings name has to be there when a process starts.
process.once('message', (task: Task) => void measure(task));
process.once('disconnect', () => process.exit(0));

async function measure(task: Task): Promise<void> {
  const answer = (message: Answer) => process.send?.(message);
  try {
    const sensors = await Sensors.find();
    const onProgress = (round: number, candidates: number, done: number) => {
      answer({ kind: 'progress', round, candidates, done });
    };
    const trials = await search({ ...task, sensors, onProgress });
    answer({ kind: 'trials', trials, power: (await sensors.power()).source });
  } catch (error) {
    answer({ kind: 'error', error: asMinspnetError(error).serialise() });
  }
}
