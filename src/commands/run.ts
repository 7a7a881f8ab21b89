import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BenchmarkTask, runBenchmark, summarise } from '../bench/run-benchmark.js';
import { deepFreeze, type LoadedSettings, loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import type { SettingPath } from '../config/path.js';
import { type Settings, settingsSchema } from '../config/schema.js';
import { exitCodes } from '../contract/errors.js';
import type { TunedSettings } from '../daemon/configuration.js';
import { Daemon, type DaemonOptions } from '../daemon/daemon.js';
import { createLog } from '../daemon/log.js';
import { readBoard } from '../device/board.js';
import { findCamera } from '../device/cameras.js';
import { argumentCamera, ownVersion, type RunOptions, runOverrides } from './options.js';
import { withTuning } from './tuned.js';

/** What still holds the process when the daemon has stopped hangs, in a library or the kernel. Milliseconds. */
const exitMs = 150;

/** `minspnet run`: the daemon, until a signal, the end of all its files, or an error that it can't live with. */
export async function run(options: RunOptions, redactor: Redactor): Promise<number> {
  // Ctrl-C under npm start comes twice, from the terminal and from npm: the second must not break off the stop.
  const asked = new AbortController();
  const stopped = once(asked.signal, 'abort');
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => asked.abort());
  let isDue = false; // asked for before there was anything that could be reloaded
  let reload = async () => {
    isDue = true;
  };
  // A terminal that is closed hangs up, too; nobody is left there to stop us by Ctrl-C.
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY;
  process.on('SIGHUP', () => (inTerminal ? asked.abort() : void reload().catch(() => {}))); // the log says why not
  process.umask(0o077); // what the daemon and its engine write is nobody else's business
  const given = { overrides: runOverrides(options), redactor };
  const load = () => loadSettings({ file: options.config, ...given });
  const loaded = load();
  const log = createLog(loaded.settings.log, options.colour);
  log.info(`settings  ${loaded.file ?? 'none, defaults only'}`);
  for (const path of loaded.exposed) {
    log.warn(`settings  everybody on this machine can read ${path}, which holds secrets: run chmod o= ${path}`);
  }
  const say = (line: string) => log.info(line);
  const prepare = async ({ settings, originOf }: LoadedSettings) =>
    withCamera(await withTuning({ settings, originOf }, say));
  let stop = async () => {};
  const work = async () => {
    const tuned = await prepare(loaded); // seconds, where cameras are looked for and a program hangs
    const { model: board } = await readBoard();
    if (asked.signal.aborted) return;
    const isNamed = (path: SettingPath) => loaded.originOf(path).kind !== 'default';
    const daemon = new Daemon({
      ...tuned,
      reload: async () => prepare(load()),
      measureBoard,
      tuneBoard: async (signal, progress) => {
        // Where nobody asks for it, it takes no memory.
        const { tuneBoard } = await import('./tune.js');
        const onProgress = (round: number, candidates: number, done: number) =>
          progress({ round: round + 1, candidates, done: Math.min(1, done) });
        const how = { signal, onProgress };
        return await tuneBoard({ config: options.config, source: 'demo', seconds: tuneSeconds }, redactor, how);
      },
      settingsFile: { loaded, load: given },
      strictPort: { broker: isNamed(['mqtt', 'broker', 'port']), http: isNamed(['http', 'port']) },
      version: ownVersion(),
      board,
      log,
      redactor,
    });
    stop = () => daemon.stop();
    await daemon.start();
    reload = () => daemon.reload();
    if (isDue) void reload().catch(() => {}); // the log says why not
    await daemon.finished;
  };
  try {
    await Promise.race([stopped, work()]);
  } finally {
    await stop();
    log.info('stopped');
    setTimeout(() => process.exit(), exitMs).unref();
  }
  return exitCodes.ok;
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
