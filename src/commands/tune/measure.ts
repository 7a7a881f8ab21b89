import { serveTask } from '../../bench/run-task.js';
import type { Trial } from '../../contract/tuning.js';
import { Sensors } from '../../device/sensors.js';
import { type SearchOptions, search } from './search.js';

export type Task = Omit<SearchOptions, 'sensors' | 'onProgress'>;
export interface Progress {
  round: number;
  candidates: number;
  /** 0..1 of the round. */
  done: number;
}
export interface Found {
  trials: Trial[];
  /** The power sensor; `none` where the board has none. */
  power: string;
}

serveTask<Task, Progress, Found>(async (task, say) => {
  const sensors = await Sensors.find();
  const onProgress = (round: number, candidates: number, done: number) => say({ round, candidates, done });
  const trials = await search({ ...task, sensors, onProgress });
  return { trials, power: (await sensors.power()).source };
});
