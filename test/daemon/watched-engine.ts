import { tmpdir } from 'node:os';
import type { Test } from 'tap';
import { type Settings, settingsSchema } from '../../src/config/schema.js';
import { EngineHost } from '../../src/daemon/engine-host.js';
import type { EarlyEngine } from '../../src/daemon/engine-process.js';
import type { EngineSettings, FromEngine } from '../../src/engine/protocol.js';
import { loadModel } from '../../src/model/load.js';
import { usualInput } from '../support/settings.js';

export type Message = Exclude<FromEngine, { kind: 'ready' | 'stopped' | 'failed' }>;

/** A real engine on the demo clip, and all that it says. */
export class Watched {
  readonly messages: Message[] = [];
  readonly lost: string[] = [];
  readonly host: EngineHost;

  constructor(settings: Omit<EngineSettings, 'runId'>, early?: EarlyEngine) {
    this.host = new EngineHost({
      settings,
      early,
      listener: {
        ready: () => {},
        message: (message) => this.messages.push(message as Message),
        lost: (reason) => this.lost.push(reason),
        gaveUp: (error) => this.lost.push(error.message),
        setAside: (camera) => this.lost.push(camera),
      },
    });
  }

  /** The first message after `from` that is wanted; within half a minute. */
  async next(wanted: (message: Message) => boolean, from = this.messages.length): Promise<Message> {
    for (const until = performance.now() + 30_000; performance.now() < until; ) {
      const found = this.messages.slice(from).find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(
      `not said: ${wanted}\n${this.messages.slice(from).map((one) => JSON.stringify(one).slice(0, 200))}`,
    );
  }
}

export async function settingsOf(model: string, camera: Partial<Settings['cameras'][string]> = {}) {
  const { runtime, events, cameras } = settingsSchema.parse({
    cameras: { door: { source: 'demo', loop: true, ...camera } },
  });
  return {
    model: await loadModel(model, 'auto'),
    runtime,
    events,
    cameras,
    adjustments: {},
    cacheDirectory: tmpdir(),
    input: usualInput,
  };
}

export async function start(
  t: Test,
  camera: Partial<Settings['cameras'][string]> = {},
  early?: EarlyEngine,
): Promise<Watched> {
  const watched = new Watched(await settingsOf('minspnet-s', camera), early);
  t.teardown(() => watched.host.stop(1000));
  watched.host.start();
  await watched.next(isLive, 0);
  return watched;
}

export const isLive = (message: Message) => message.kind === 'capture' && message.state === 'live';
export const isNew = (message: Message) => message.kind === 'observation' && message.observation.type === 'new';
export const isEnd = (reason: string) => (message: Message) =>
  message.kind === 'observation' && message.observation.type === 'end' && message.observation.reason === reason;
/** A heartbeat of a whole second in which the camera was analysed at a rate that is wanted. */
export const beatsAt = (wanted: (fps: number) => boolean) => (message: Message) =>
  message.kind === 'heartbeat' && message.cameras.door?.state === 'live' && wanted(message.cameras.door.fps);
