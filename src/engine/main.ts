import { asMinspnetError, EngineError } from '../contract/errors.js';
import { keepLibraryFromChildren, unusable } from '../device/runtime-library.js';
import { CaptureThreads } from '../pipeline/capture/capture-threads.js';
import type { Engine } from './engine.js';
import { type FromEngine, protocolVersion, type ToEngine } from './protocol.js';

type Send = (message: FromEngine, sent?: () => void) => void;

/**
 * The engine's process: speaks with the daemon over Node's IPC channel and lives no longer than it. It loads its code at
 * once, also on the threads of its cameras: its settings may come later.
 *
 * @param library of ONNX Runtime, if it runs with one of your own
 */
function main(cameras: number, library: string | undefined): void {
  keepLibraryFromChildren({ library }); // threads are given the environment at their start
  const threads = new CaptureThreads();
  threads.prepare(cameras);
  const loading = import('./engine.js');
  loading.catch(() => {}); // whoever wants an engine is told
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
    const { Engine } = await loading.catch((error: Error) => {
      throw library === undefined ? error : unusable(library, error.message, error);
    });
    engine = new Engine(settings, send, threads);
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
    explain: async ({ camera, id, seconds, place }) => engine?.explain(camera, id, seconds, place),
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

main(Number(process.argv[2] ?? 0), process.argv[3]);
