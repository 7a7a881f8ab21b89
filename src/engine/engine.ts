import { join } from 'node:path';
import { asMinspnetError, type MinspnetError, SourceError } from '../contract/errors.js';
import { usualInputPixels } from '../contract/model-card.js';
import type { PacketRingOptions } from '../pipeline/capture/packet-ring.js';
import { inputOptions } from '../pipeline/capture/preparation.js';
import { jpegSize } from '../pipeline/capture/snapshot.js';
import { Detector, Network } from '../pipeline/network.js';
import { monotonicMs } from '../timing/monotonic.js';
import { Camera } from './camera.js';
import { chooseInput, measuring } from './input-choice.js';
import { JobQueue } from './job-queue.js';
import { type EngineSettings, type FromEngine, type InputWish, protocolVersion } from './protocol.js';

const heartbeatMs = 1000;

/** Everything native, in a process of its own: capture threads, one network for all cameras, their scenes. */
export class Engine {
  #network: Network | undefined;
  #cameras: Camera[] = [];
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #jobs = new JobQueue((error) => this.#failed(asMinspnetError(error)));

  constructor(
    private readonly settings: EngineSettings,
    /** @param sent called when it is on its way */
    private readonly send: (message: FromEngine, sent?: () => void) => void,
  ) {}

  /** @throws {ModelError} when the model can't be used. */
  async start(): Promise<void> {
    const { model, input: wish, runtime, cacheDirectory, cameras, adjustments, events, history } = this.settings;
    const network = await Network.load(model, runtime, join(cacheDirectory, 'tensorrt'));
    this.#network = network;
    const builds = network.provider.active === 'tensorrt';
    const { card } = model;
    const choice = await chooseInput(card, builds ? unmeasured(wish) : wish, measuring(network));
    const input = inputOptions(card, choice.size ?? undefined, choice.pixels);
    this.send({ kind: 'ready', protocolVersion, facts: { provider: network.provider, input: choice } });
    const detector = new Detector(network, builds ? (detect) => this.#build(detect) : undefined);
    this.#cameras = Object.entries(cameras).map(([name, settings], index) => {
      return new Camera({
        name,
        runId: `${this.settings.runId}${index.toString(36)}`,
        settings,
        events,
        keepPictures: history?.enabled === true && history.pictures,
        clips: clipOptions(history),
        model: card,
        adjustment: adjustments[name] ?? {},
        input,
        detector,
        enqueue: (job) => this.#jobs.add(name, job),
        send: this.send,
        hung: (error) => this.#failed(error),
      });
    });
    for (const camera of this.#cameras) camera.start();
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
  }

  camera(name: string): Camera | undefined {
    return this.#cameras.find((camera) => camera.name === name);
  }

  /** Answers with the camera's next picture or a still of it, or with why there is none. */
  async takePicture(name: string, id: number, still: boolean): Promise<void> {
    try {
      const jpeg = await this.#knownCamera(name).takePicture(still);
      const size = jpegSize(jpeg);
      if (size === undefined) throw new SourceError('ERR_SOURCE_READ', 'source', `camera "${name}" sent no JPEG`);
      this.send({ kind: 'picture', id, jpeg, ...size });
    } catch (error) {
      this.send({ kind: 'no-answer', id, error: asMinspnetError(error).serialise() });
    }
  }

  /** Answers with the next picture that is looked at and what was found in it, or with why there is none. */
  async show(name: string, id: number, maxSize: number): Promise<void> {
    try {
      this.send({ kind: 'shown', id, ...(await this.#knownCamera(name).show(maxSize)) });
    } catch (error) {
      this.send({ kind: 'no-answer', id, error: asMinspnetError(error).serialise() });
    }
  }

  /** Answers when the clip is there, or with why there is none. */
  async makeClip(name: string, id: number, path: string, fromMs: number, toMs: number): Promise<void> {
    try {
      await this.#knownCamera(name).clip(path, fromMs, toMs);
      this.send({ kind: 'clip-made', id });
    } catch (error) {
      this.send({ kind: 'no-answer', id, error: asMinspnetError(error).serialise() });
    }
  }

  /** Answers with what a camera saw in the last seconds, or with why it can't be said. */
  explain(name: string, id: number, seconds: number): void {
    try {
      this.send({ kind: 'explanation', id, explanation: this.#knownCamera(name).explain(seconds) });
    } catch (error) {
      this.send({ kind: 'no-answer', id, error: asMinspnetError(error).serialise() });
    }
  }

  #knownCamera(name: string): Camera {
    const camera = this.camera(name);
    if (camera !== undefined) return camera;
    throw new SourceError('ERR_SOURCE_UNKNOWN', 'source', `no camera is called "${name}"`);
  }

  /** Ends the cameras and their tracks, then gives the network's memory back. */
  async stop(reason: 'stopping' | 'engine-restart'): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#jobs.stop();
    await Promise.all(this.#cameras.map((camera) => camera.stop(reason)));
    await this.#network?.[Symbol.asyncDispose]();
    this.send({ kind: 'stopped' });
  }

  #failed(error: MinspnetError): void {
    this.send({ kind: 'failed', error: error.serialise() });
  }

  /** While TensorRT builds, this thread stands still; whoever listens has to know before. */
  async #build<T>(detect: () => Promise<T>): Promise<T> {
    await new Promise<void>((sent) => this.send({ kind: 'building', over: false }, sent));
    try {
      return await detect();
    } finally {
      this.send({ kind: 'building', over: true });
    }
  }

  #beat(): void {
    const { user, system } = process.cpuUsage();
    this.send({
      kind: 'heartbeat',
      at: monotonicMs(),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      cameras: Object.fromEntries(this.#cameras.map((camera) => [camera.name, camera.health()])),
      feet: Object.fromEntries(this.#cameras.map((camera) => [camera.name, camera.takeFeet()])),
      stages: Object.fromEntries(this.#cameras.map((camera) => [camera.name, camera.stages])),
    });
  }
}

/** Video is kept for the longest clip and until it is asked for; of a stream with few key frames a clip begins earlier. */
const clipSlackSeconds = 12;

function clipOptions(history: EngineSettings['history']): PacketRingOptions | undefined {
  if (history?.enabled !== true || !history.clips.enabled) return undefined;
  const { maxSeconds, maxBytes } = history.clips;
  return { seconds: maxSeconds + clipSlackSeconds, maxBytes };
}

/** TensorRT takes minutes for each size that it meets first, so none is tried. */
function unmeasured(wish: InputWish): InputWish {
  if (!('budget' in wish)) return wish;
  return {
    pixels: usualInputPixels,
    reason: 'TensorRT builds each size for minutes, so none was measured: run `minspnet tune`',
  };
}
