import { fileURLToPath } from 'node:url';
import { type BenchmarkTask, runBenchmark, summarise } from '../bench/run-benchmark.js';
import { deepFreeze, type LoadedSettings, loadSettings } from '../config/load.js';
import type { SettingPath } from '../config/path.js';
import { type Settings, settingsSchema } from '../config/schema.js';
import type { TunedSettings } from '../daemon/configuration.js';
import { Daemon, type DaemonOptions } from '../daemon/daemon.js';
import type { Log } from '../daemon/log.js';
import { readBoard } from '../device/board.js';
import { findCamera } from '../device/cameras.js';
import { argumentCamera, ownVersion } from './options.js';
import { withTuning } from './tuned.js';

export { createLog } from '../daemon/log.js';

/** What `minspnet run` has when it comes to its daemon. */
interface Given extends Pick<DaemonOptions, 'settingsFile' | 'early' | 'log' | 'redactor'> {
  /** The settings file that was named. */
  config: string | undefined;
}

/** The daemon of `minspnet run`, ready to start; takes seconds where cameras are looked for and a program hangs. */
export async function makeDaemon({ config, settingsFile, early, log, redactor }: Given): Promise<Daemon> {
  const { loaded, load } = settingsFile;
  const tuned = await prepare(loaded, log);
  const { model: board } = await readBoard();
  const isNamed = (path: SettingPath) => loaded.originOf(path).kind !== 'default';
  return new Daemon({
    ...tuned,
    reload: async () => prepare(loadSettings({ file: config, ...load }), log),
    measureBoard,
    tuneBoard: async (signal, progress) => {
      // Where nobody asks for it, it takes no memory.
      const { tuneBoard } = await import('./tune.js');
      const onProgress = (round: number, candidates: number, done: number) =>
        progress({ round: round + 1, candidates, done: Math.min(1, done) });
      const how = { signal, onProgress };
      return await tuneBoard({ config, source: 'demo', seconds: tuneSeconds }, redactor, how);
    },
    settingsFile,
    strictPort: { broker: isNamed(['mqtt', 'broker', 'port']), http: isNamed(['http', 'port']) },
    early,
    version: ownVersion(),
    board,
    log,
    redactor,
  });
}

async function prepare({ settings, originOf }: LoadedSettings, log: Log): Promise<TunedSettings> {
  return await withCamera(await withTuning({ settings, originOf }, (line) => log.info(line)));
}

/** Of each candidate in the first round, as `minspnet tune` has it. */
const tuneSeconds = 2;
/** Of each part of a benchmark that is asked for: enough for a p99 where a picture takes less than 7 ms. */
const benchmarkSeconds = 5;
/** It takes half a minute with all starts and warm-ups, on the slowest boards two. */
const benchmarkMs = 180_000;

/** `minspnet bench`, but shorter. The demo clip is its source: a camera can't be opened twice. */
const measureBoard: DaemonOptions['measureBoard'] = async ({ model, runtime, size }, signal) => {
  const task: BenchmarkTask = {
    version: ownVersion(),
    models: [model],
    runtime,
    size,
    source: 'demo',
    seconds: benchmarkSeconds,
  };
  return summarise(await runBenchmark(task, { timeoutMs: benchmarkMs, signal }));
};

/** A node that was given no camera uses the board's own, or shows the demo clip. */
async function withCamera({ settings, tuning }: TunedSettings): Promise<TunedSettings> {
  if (Object.keys(settings.cameras).length > 0) return { settings, tuning };
  const found = await findCamera();
  const cameras = found === undefined ? demoCameras() : { [argumentCamera]: { source: found } };
  return { settings: deepFreeze(settingsSchema.parse({ ...settings, cameras })), tuning };
}

/** The demo clip with its lines and zones. Seen from dist/src/commands. */
function demoCameras(): Settings['cameras'] {
  const file = fileURLToPath(new URL('../../../config/demo.yaml', import.meta.url));
  return loadSettings({ file, environment: {} }).settings.cameras;
}
