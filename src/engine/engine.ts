import { join } from 'node:path';
import { asMinspnetError, SourceError } from '../contract/errors.js';
import { chosenSize } from '../pipeline/capture/input-size.js';
import { jpegSize } from '../pipeline/capture/snapshot.js';
import { Detector } from '../pipeline/detector.js';
import { Network } from '../pipeline/network.js';
import { monotonicMs } from '../timing/monotonic.js';
import { CameraRunner } from './camera-runner.js';
import { type EngineSettings, type FromEngine, protocolVersion } from './protocol.js';
import { Turns } from './turns.js';

const heartbeatMs = 1000;

/** Everything native, in a process of its own: capture threads, one network for all cameras, their scenes. */
export class Engine {
  #network: Network | undefined;
  #cameras: CameraRunner[] = [];
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #turns = new Turns<(detector: Detector) => Promise<void>>();
  #working: Promise<void> | undefined;

  constructor(
    private readonly settings: EngineSettings,
    /** @param sent called when it is on its way */
    private readonly send: (message: FromEngine, sent?: () => void) => void,
  ) {}

  /** @throws {ModelError} when the model can't be used. */
  async start(): Promise<void> {
    const { model, inputSize, inputPixels, runtime, cacheDirectory, cameras } = this.settings;
    const network = await Network.load(model, runtime, join(cacheDirectory, 'tensorrt'));
    this.#network = network;
    this.send({ kind: 'ready', protocolVersion, facts: { provider: network.provider } });
    const builds = network.provider.active === 'tensorrt';
    const detector = new Detector(network, builds ? (detect) => this.#build(detect) : undefined);
    const { card } = model;
    const input = chosenSize(card, inputSize);
    const { fill, multipleOf, resize } = card.input;
    this.#cameras = Object.entries(cameras).map(([cameraName, settings], index) => {
      return new CameraRunner({
        name: cameraName,
        runId: `${this.settings.runId}${index.toString(36)}`,
        settings,
        events: this.settings.events,
        minScore: settings.minScore ?? card.minScore,
        adjustment: this.settings.adjustments[cameraName] ?? {},
        capture: { fill, multipleOf, resize, ...(input && { input }), ...(inputPixels && { inputPixels }) },
        enqueue: (job) => this.#enqueue(cameraName, job, detector),
        send: this.send,
        hung: (error) => this.send({ kind: 'failed', error: error.serialise() }),
      });
    });
    for (const camera of this.#cameras) camera.start();
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
  }

  camera(name: string): CameraRunner | undefined {
    return this.#cameras.find((camera) => camera.name === name);
  }

  /** Answers with the camera's next picture or a still of it, or with why there is none. */
  async takePicture(name: string, id: number, still: boolean): Promise<void> {
    try {
      const camera = this.camera(name);
      if (camera === undefined) throw new SourceError('ERR_SOURCE_UNKNOWN', 'source', `no camera is called "${name}"`);
      const jpeg = await (still ? camera.takeStill() : camera.takePicture());
      const size = jpegSize(jpeg);
      if (size === undefined) throw new SourceError('ERR_SOURCE_READ', 'source', `camera "${name}" sent no JPEG`);
      this.send({ kind: 'picture', id, jpeg, ...size });
    } catch (error) {
      this.send({ kind: 'no-picture', id, error: asMinspnetError(error).serialise() });
    }
  }

  /** Ends the cameras and their tracks, then gives the network's memory back. */
  async stop(reason: 'stopping' | 'engine-restart'): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#turns.clear();
    await this.#working;
    await Promise.all(this.#cameras.map((camera) => camera.stop(reason)));
    await this.#network?.[Symbol.asyncDispose]();
    this.send({ kind: 'stopped' });
  }

  #enqueue(camera: string, job: (detector: Detector) => Promise<void>, detector: Detector): void {
    this.#turns.add(camera, job);
    this.#working ??= this.#work(detector);
  }

  async #work(detector: Detector): Promise<void> {
    try {
      for (let job = this.#turns.next(); job !== undefined; job = this.#turns.next()) await job(detector);
    } catch (error) {
      this.send({ kind: 'failed', error: asMinspnetError(error).serialise() });
    } finally {
      this.#working = undefined;
    }
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
    });
  }
}
