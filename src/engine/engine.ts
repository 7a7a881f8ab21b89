import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asMinspnetError, type MinspnetError, SourceError } from '../contract/errors.js';
import type { EndReason } from '../contract/event.js';
import type { Box, Point } from '../contract/geometry.js';
import { usualInputPixels } from '../contract/running-model.js';
import type { InputChoice } from '../contract/status.js';
import { worldOf } from '../pipeline/capture/capture.js';
import { CaptureThreads } from '../pipeline/capture/capture-threads.js';
import { jpegSize } from '../pipeline/capture/cut.js';
import { holdFfmpeg } from '../pipeline/capture/ffmpeg-library.js';
import { inputOptions } from '../pipeline/capture/input-size.js';
import type { PacketRingOptions } from '../pipeline/capture/packet-ring.js';
import { Detector, Network } from '../pipeline/network.js';
import { selfTest } from '../pipeline/self-test.js';
import { monotonicMs } from '../timing/monotonic.js';
import { Camera } from './camera.js';
import type { CameraWork } from './camera-work.js';
import { chooseInput, type MeasureInput, measuring } from './input-choice.js';
import { JobQueue } from './job-queue.js';
import {
  type EngineFacts,
  type EngineSettings,
  type FromEngine,
  type InputWish,
  protocolVersion,
  type SecondaryModels,
} from './protocol.js';
import { SecondaryNetworks } from './secondary-networks.js';

const heartbeatMs = 1000;
/** What the self-test looks at where the model takes any size: the input of a 16:9 camera. */
const usualSize = [320, 192] as const;

/** Everything native, in a process of its own: capture threads, one network for all cameras, their scenes. */
export class Engine {
  #settings: EngineSettings;
  #network: Network | undefined;
  #detector: Detector | undefined;
  /** Of the network's input. */
  #choice: InputChoice | undefined;
  /** What a picture of so many pixels takes, milliseconds. */
  #measured: { network: Network; byPixels: Map<number, number> } | undefined;
  readonly #cameras = new Map<string, Camera>();
  /** Cameras that were made so far. */
  #made = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #secondary: SecondaryNetworks;
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  readonly #jobs = new JobQueue((error) => this.#failed(asMinspnetError(error)));

  constructor(
    settings: EngineSettings,
    /** @param sent called when it is on its way */
    private readonly send: (message: FromEngine, sent?: () => void) => void,
    /** Of its cameras. */
    private readonly threads = new CaptureThreads(),
  ) {
    this.#settings = settings;
    this.#secondary = new SecondaryNetworks(settings.runtime);
  }

  /** @throws {ModelError} when the model can't be used. */
  async start(): Promise<void> {
    await holdFfmpeg();
    const network = await this.#load(this.#settings);
    this.#network = network;
    await this.#secondary.use(this.#settings.secondaryModels);
    const builds = network.provider.active === 'tensorrt';
    this.#choice = await this.#choose(network, this.#settings);
    this.send({ kind: 'ready', protocolVersion, facts: this.#facts });
    this.#detector = new Detector(network, builds ? (detect) => this.#build(detect) : undefined);
    const works = this.#works(this.#settings, this.#choice);
    for (const [name, work] of works) this.#open(name, work);
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
  }

  /** Other models besides the detector, from the next picture on. */
  async useSecondary(secondaryModels: SecondaryModels): Promise<void> {
    this.#settings = { ...this.#settings, secondaryModels };
    await this.#secondary.use(secondaryModels);
    for (const camera of this.#cameras.values()) camera.relearnt();
  }

  camera(name: string): Camera | undefined {
    return this.#cameras.get(name);
  }

  /** Puts other settings in force, and answers with what runs then, or with why all is as before. */
  async configure(id: number, settings: Omit<EngineSettings, 'runId'>): Promise<void> {
    const changing = this.#changing.then(() => this.#configure({ ...settings, runId: this.#settings.runId }));
    this.#changing = changing.catch(() => {});
    await this.#answer(id, async () => ({ kind: 'configured', id, facts: await changing }));
  }

  /** Answers whether the model does what its card says. */
  async selfTest(id: number): Promise<void> {
    await this.#answer(id, async () => {
      const facts = this.#facts;
      const [width, height] = facts.input.size ?? usualSize;
      if (this.#network !== undefined) await selfTest(this.#network, { width, height });
      return { kind: 'configured', id, facts };
    });
  }

  /** Answers with the camera's next picture or a still of it, or with why there is none. */
  async takePicture(name: string, id: number, still: boolean, part?: Box): Promise<void> {
    await this.#answer(id, async () => {
      const jpeg = await this.#knownCamera(name).takePicture(still, part);
      const size = jpegSize(jpeg);
      if (size === undefined) throw new SourceError('ERR_SOURCE_READ', 'source', `camera "${name}" sent no JPEG`);
      return { kind: 'picture', id, jpeg, ...size };
    });
  }

  /** Answers with the next picture that is looked at and what was found in it, or with why there is none. */
  async show(name: string, id: number, maxSize: number): Promise<void> {
    await this.#answer(id, async () => ({ kind: 'shown', id, ...(await this.#knownCamera(name).show(maxSize)) }));
  }

  /** Answers when the clip is there, or with why there is none. */
  async makeClip(name: string, id: number, path: string, fromMs: number, toMs: number): Promise<void> {
    await this.#answer(id, async () => {
      await this.#knownCamera(name).clip(path, fromMs, toMs);
      return { kind: 'clip-made', id };
    });
  }

  /** Answers with what a camera saw in the last seconds, or with why it can't be said. */
  async explain(name: string, id: number, seconds: number, place: Point | undefined): Promise<void> {
    await this.#answer(id, async () => {
      return { kind: 'explanation', id, explanation: this.#knownCamera(name).explain(seconds, place) };
    });
  }

  async #answer(id: number, find: () => Promise<FromEngine>): Promise<void> {
    try {
      this.send(await find());
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
    this.#isStopped = true;
    clearInterval(this.#heartbeat);
    await this.#jobs.stop();
    await Promise.all([...this.#cameras.values()].map((camera) => camera.stop(reason)));
    await this.#secondary[Symbol.asyncDispose]();
    await this.#network?.[Symbol.asyncDispose]();
    this.send({ kind: 'stopped' });
  }

  #load({ model, runtime, cacheDirectory }: EngineSettings): Promise<Network> {
    return Network.load(model, runtime, join(cacheDirectory, 'tensorrt'));
  }

  /**
   * What each camera is to do.
   *
   * @throws {ConfigError} ERR_CONFIG_SIZE when the model does not take the input's size
   */
  #works(settings: EngineSettings, { size, pixels }: InputChoice): Map<string, CameraWork> {
    const { model, events, history, cameras, adjustments, classifiers } = settings;
    const common = {
      events,
      keepPictures: history?.enabled === true && history.pictures,
      clips: clipOptions(history),
      model: model.card,
      classifiers,
      input: inputOptions(model.card, size ?? undefined, pixels),
    };
    const works = Object.entries(cameras).map(([name, settings]): [string, CameraWork] => {
      return [name, { ...common, settings, adjustment: adjustments[name] ?? {} }];
    });
    return new Map(works);
  }

  /** Each size of a network is measured once: while cameras use it, it would seem to take more. */
  async #choose(network: Network, { model, input }: EngineSettings): Promise<InputChoice> {
    if (this.#measured?.network !== network) this.#measured = { network, byPixels: new Map() };
    const { byPixels } = this.#measured;
    const measure = measuring(network);
    const once: MeasureInput = async (size) => {
      const pixels = size[0] * size[1];
      const ms = byPixels.get(pixels) ?? (await measure(size));
      byPixels.set(pixels, ms);
      return ms;
    };
    return await chooseInput(model.card, network.provider.active === 'tensorrt' ? unmeasured(input) : input, once);
  }

  /** What runs. */
  get #facts(): EngineFacts {
    if (this.#network === undefined || this.#choice === undefined) throw new TypeError('no network is loaded');
    return { provider: this.#network.provider, input: this.#choice };
  }

  #open(name: string, work: CameraWork): void {
    if (this.#isStopped || this.#detector === undefined) return;
    const camera = new Camera({
      ...work,
      name,
      runId: `${this.#settings.runId}${(this.#made++).toString(36)}`,
      detector: this.#detector,
      findClassifier: (model) => this.#secondary.findClassifier(model),
      findSegmenter: (model) => this.#secondary.findSegmenter(model),
      waiting: () => this.#jobs.waiting,
      enqueue: (job) => this.#jobs.add(name, job),
      dropJobs: () => this.#jobs.drop(name),
      send: this.send,
      hung: (error) => this.#failed(error),
      world: worldOf(this.threads),
    });
    this.#cameras.set(name, camera);
    camera.start();
  }

  async #close(camera: Camera, reason: EndReason): Promise<void> {
    await camera.stop(reason);
    this.#cameras.delete(camera.name);
  }

  async #configure(next: EngineSettings): Promise<EngineFacts> {
    const { model, runtime } = this.#settings;
    const isSame = isDeepStrictEqual([next.model, next.runtime], [model, runtime]);
    const network = isSame ? undefined : await this.#build(() => this.#load(next));
    const running = network ?? this.#network;
    if (running === undefined) throw new TypeError('no network is loaded');
    const choice = await this.#choose(running, next);
    if (!isDeepStrictEqual(next.secondaryModels, this.#settings.secondaryModels)) {
      await this.#secondary.use(next.secondaryModels);
    }
    const works = this.#works(next, choice);
    const stops: Promise<void>[] = [];
    await this.#betweenPictures(() => {
      this.#settings = next;
      this.#choice = choice;
      if (network !== undefined) this.#detector?.use(network);
      for (const [name, camera] of this.#cameras) {
        const work = works.get(name);
        if (work !== undefined && camera.canUse(work)) camera.use(work);
        else stops.push(this.#close(camera, work === undefined ? 'stopping' : 'camera-restart'));
      }
    });
    if (network !== undefined) {
      await this.#network?.[Symbol.asyncDispose]();
      this.#network = network;
    }
    await Promise.all(stops);
    for (const [name, work] of works) if (this.camera(name) === undefined) this.#open(name, work);
    return this.#facts;
  }

  /** While the network looks at no picture. */
  #betweenPictures(change: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#jobs.add('', async () => {
        try {
          change();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #failed(error: MinspnetError): void {
    this.send({ kind: 'failed', error: error.serialise() });
  }

  /** While a network is loaded or TensorRT builds, this thread stands still; whoever listens has to know before. */
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
      cameras: Object.fromEntries([...this.#cameras].map(([name, camera]) => [name, camera.health()])),
      feet: Object.fromEntries([...this.#cameras].map(([name, camera]) => [name, camera.takeFeet()])),
      stages: Object.fromEntries([...this.#cameras].map(([name, camera]) => [name, camera.stages])),
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
