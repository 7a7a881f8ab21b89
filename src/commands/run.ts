import { once } from 'node:events';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes } from '../contract/errors.js';
import { EarlyEngine } from '../daemon/engine-process.js';
import { type RunOptions, runOverrides } from './options.js';

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
  const load = { overrides: runOverrides(options), redactor };
  const loaded = loadSettings({ file: options.config, ...load });
  const { runtime, cameras } = loaded.settings;
  // It takes as long to load its code as we do; where no camera is named there will be one.
  using early = new EarlyEngine({ runtime, cameras: Math.max(1, Object.keys(cameras).length) });
  const { createLog, makeDaemon } = await import('./run-daemon.js');
  const log = createLog(loaded.settings.log, options.colour);
  log.info(`settings  ${loaded.file ?? 'none, defaults only'}`);
  for (const path of loaded.exposed) {
    log.warn(`settings  everybody on this machine can read ${path}, which holds secrets: run chmod o= ${path}`);
  }
  let stop = async () => {};
  const work = async () => {
    const daemon = await makeDaemon({ config: options.config, settingsFile: { loaded, load }, early, log, redactor });
    if (asked.signal.aborted) return;
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
