import { asMinspnetError, EngineError } from '../contract/errors.js';
import { keepLibraryFromChildren, unusable } from '../device/runtime-library.js';
import type { Engine } from './engine.js';
import { type EngineSettings, type FromEngine, protocolVersion, type ToEngine } from './protocol.js';

type Send = (message: FromEngine, sent?: () => void) => void;

/** The engine's process: speaks with the daemon over Node's IPC channel and lives no longer than it. */
function main(): void {
  let engine: Engine | undefined;
  /** It has no cameras before that: what they are adjusted to meanwhile waits for it. */
  let started: Promise<void> = Promise.resolve();
  const send: Send = (message, sent = () => {}) => {
    if (process.connected) process.send?.(message, sent);
    else sent();
  };

  const start = async ({ protocolVersion: theirs, settings }: Extract<ToEngine, { kind: 'start' }>) => {
    if (theirs !== protocolVersion) {
      const what = `the daemon speaks protocol ${theirs}, this engine ${protocolVersion}: they are of two versions.`;
      throw new EngineError('ERR_ENGINE_PROTOCOL', 'engine', `${what} Run npm run build.`);
    }
    keepLibraryFromChildren(settings.runtime);
    engine = await createEngine(settings, send);
    await engine.start();
  };

  const handlers: { [Kind in ToEngine['kind']]: (message: Extract<ToEngine, { kind: Kind }>) => Promise<void> } = {
    start: (message) => {
      const starting = start(message);
      started = starting.catch(() => {}); // whoever sent it is told
      return starting;
    },
    configure: async ({ id, settings }) => {
      await started;
      await engine?.configure(id, settings);
    },
    'self-test': async ({ id }) => {
      await started;
      await engine?.selfTest(id);
    },
    adjust: async ({ camera, adjustment }) => {
      await started;
      engine?.camera(camera)?.adjust(adjustment);
    },
    'restart-camera': async ({ camera }) => engine?.camera(camera)?.restart(),
    'secondary-models': async ({ models }) => {
      await started;
      await engine?.useSecondary(models);
    },
    'take-picture': async ({ camera, id, still, part }) => engine?.takePicture(camera, id, still, part),
    'make-clip': async ({ camera, id, path, fromMs, toMs }) => engine?.makeClip(camera, id, path, fromMs, toMs),
    show: async ({ camera, id, maxSize }) => engine?.show(camera, id, maxSize),
    explain: async ({ camera, id, seconds }) => engine?.explain(camera, id, seconds),
    'clear-background': async ({ camera }) => engine?.camera(camera)?.clearBackground(),
    stop: async ({ reason }) => {
      await engine?.stop(reason);
      process.disconnect();
    },
  };

  process.on('message', (message: ToEngine) => {
    (handlers[message.kind] as (message: ToEngine) => Promise<void>)(message).catch((error) => {
      send({ kind: 'failed', error: asMinspnetError(error).serialise() });
    });
  });
  // The daemon decides when we stop: a Ctrl-C in a terminal reaches us too, and would cut the open tracks off.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  // Nothing is left to be said. An ordinary exit would end the capture threads within calls of FFmpeg, which aborts the
  // process with a core dump.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

/** Loads the native code only now: where it can't be, that is to be told. */
async function createEngine(settings: EngineSettings, send: Send): Promise<Engine> {
  try {
    const { Engine } = await import('./engine.js');
    return new Engine(settings, send);
  } catch (error) {
    const { library } = settings.runtime;
    if (library !== undefined) throw unusable(library, (error as Error).message, error);
    throw error;
  }
}

main();
