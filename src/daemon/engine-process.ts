import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { libraryEnvironment } from '../device/runtime-library.js';
import { type CameraAdjustment, type EngineSettings, protocolVersion, type ToEngine } from '../engine/protocol.js';

const ownProgram = fileURLToPath(new URL('../engine/main.js', import.meta.url));
/** The engine's heap holds settings and small messages; V8's default young generation would cost 16 MB more. */
const execArgv = ['--max-semi-space-size=4', '--max-old-space-size=128'];

/**
 * Every call of FFmpeg that waits for a camera holds a thread of libuv's pool, which the whole engine shares. With the
 * usual four, four silent cameras would stop all others; a camera may have three attempts on their way out beside its
 * newest one.
 */
function poolSize(cameras: number): number {
  return Math.min(1024, 4 + 4 * camerasFor(cameras));
}

/** So many cameras an engine that begins with `cameras` has threads for: some may be added while it runs. */
export function camerasFor(cameras: number): number {
  return cameras + 2;
}

/**
 * glibc gives each thread an arena of its own, each with its own holes: 16 MB for the engine's sixteen threads, which
 * seldom allocate at the same moment. Other C libraries ignore it.
 */
const allocator = { MALLOC_ARENA_MAX: '1' };

/** What an engine's process is started with, before it is told anything. */
interface Launch {
  runtime: Pick<EngineSettings['runtime'], 'library'>;
  /** How many there will be. */
  cameras: number;
}

/** @throws what Node throws where the kernel refuses: no memory, for one */
function launch({ runtime, cameras }: Launch, program: string): ChildProcess {
  const env = { ...allocator, ...libraryEnvironment(runtime), UV_THREADPOOL_SIZE: String(poolSize(cameras)) };
  const args = [String(cameras), ...(runtime.library === undefined ? [] : [runtime.library])];
  const stdio = ['ignore', 'inherit', 'pipe', 'ipc'] as const;
  const child = fork(program, args, { serialization: 'advanced', execArgv, env, stdio: [...stdio] });
  // What libraries and a crash print goes out like our own words: with nothing secret in it.
  if (child.stderr) createInterface(child.stderr).on('line', (line) => process.stderr.write(`${line}\n`));
  return child;
}

/**
 * An engine's process that loads its code while the daemon loads its own: it is told its settings once they are known, or
 * is of no use to them and ended.
 */
export class EarlyEngine implements Disposable {
  #child: ChildProcess | undefined;

  constructor(private readonly launched: Launch) {
    try {
      this.#child = launch(launched, ownProgram);
    } catch {
      return; // it is tried again when it is needed, and told
    }
    const gone = () => {
      this.#child = undefined;
    };
    this.#child.once('exit', gone).once('error', gone);
  }

  /** The process, once, if it lives and is what these settings need; the caller ends it. */
  take({ runtime, cameras }: Launch): ChildProcess | undefined {
    const isFit = runtime.library === this.launched.runtime.library && cameras <= this.launched.cameras;
    if (!isFit) this[Symbol.dispose]();
    const child = this.#child;
    this.#child = undefined;
    return child;
  }

  [Symbol.dispose](): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

/**
 * Starts an engine. Its end is told by `ended`, once, after everything that it has said; also when it could not be started.
 *
 * @param program its own; another one only in tests
 * @param early one that was launched before, if it can be used
 * @throws what Node throws where the kernel refuses: no memory, for one
 */
export function startEngine(
  settings: Omit<EngineSettings, 'runId'>,
  ended: (child: ChildProcess, how: string) => void,
  program = ownProgram,
  early?: EarlyEngine,
): ChildProcess {
  const needed = { runtime: settings.runtime, cameras: Object.keys(settings.cameras).length };
  const child = early?.take(needed) ?? launch(needed, program);
  child.once('exit', (code, signal) => {
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    // What it said before it died may still lie in the channel, and comes before the channel's end.
    if (child.connected) child.once('disconnect', () => ended(child, how));
    else ended(child, how);
  });
  child.once('error', (error) => ended(child, error.message));
  tell(child, { kind: 'start', protocolVersion, settings: { ...settings, runId: Date.now().toString(36) } });
  return child;
}

/** A dead engine hears nothing, and is noticed by its end. */
export function tell(child: ChildProcess | undefined, message: ToEngine): void {
  if (child?.connected) child.send(message, () => {});
}

/** Whether TensorRT may build an engine when the network is loaded. */
export function mayBuild({ provider, library }: EngineSettings['runtime']): boolean {
  return provider === 'tensorrt' || (provider === 'auto' && library !== undefined);
}

/** The same settings with more that was changed of a camera. */
export function adjusted(
  settings: Omit<EngineSettings, 'runId'>,
  camera: string,
  adjustment: CameraAdjustment,
): Omit<EngineSettings, 'runId'> {
  const adjustments = { ...settings.adjustments };
  adjustments[camera] = { ...adjustments[camera], ...adjustment };
  return { ...settings, adjustments };
}
