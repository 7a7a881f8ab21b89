import { isDeepStrictEqual } from 'node:util';
import { describeSource } from '../config/address.js';
import type { Settings } from '../config/schema.js';
import { MinspnetError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import { unknownClass } from '../contract/head.js';
import { modelOn } from '../contract/running-model.js';
import { type CameraState, contractVersion, type InputChoice, type ProviderFacts } from '../contract/status.js';
import type { EngineFacts, FromEngine } from '../engine/protocol.js';
import type { Configuration } from './configuration.js';
import type { EngineListener } from './engine-listener.js';
import type { Feed } from './feed.js';
import type { Heartbeat } from './governing.js';
import { LineCounts } from './line-counts.js';
import type { Log } from './log.js';

export interface EngineReportsOptions {
  feed: Feed;
  log: Log;
  configuration: Configuration;
  /** Of the daemon. */
  version: string;
  /** What this board is called. */
  board: string;
  /** Where the clip of a track will be; undefined where none is kept. */
  clipUrl: (track: string) => string | undefined;
  /** All cameras have ended, or no engine will run any more: with the error, if there is one. */
  finish: (error?: MinspnetError) => void;
}

const noHeartbeat: Heartbeat = {
  kind: 'heartbeat',
  at: 0,
  rssBytes: 0,
  cpuSeconds: 0,
  cameras: {},
  stages: {},
  feet: {},
};

/** Turns what the engines say into what the daemon tells, and keeps the newest of what they have counted. */
export class EngineReports implements EngineListener {
  provider: ProviderFacts | undefined;
  input: InputChoice | undefined;
  heartbeat = noHeartbeat;
  /** The cameras whose source has ended, each with its error if that is why. */
  readonly #ended = new Map<string, MinspnetError | undefined>();
  /** Cameras that are set aside, each with why; the engines say nothing of them. */
  readonly failed = new Map<string, string>();
  /** Outlives engines, as a hub expects of a counter. */
  readonly #lines = new LineCounts();
  #cameras: Settings['cameras'];

  constructor(private readonly options: EngineReportsOptions) {
    this.#cameras = options.configuration.settings.cameras;
    options.feed.on('configured', () => this.#forget());
  }

  /** Pictures of all cameras since the start of their engine. */
  get analysed(): number {
    return Object.values(this.heartbeat.cameras).reduce((sum, { frames }) => sum + frames, 0);
  }

  ready({ provider, input }: EngineFacts): void {
    const { feed, log, configuration, version, board } = this.options;
    const { card, precision, sha256 } = modelOn(configuration.model, provider.active);
    const model = { name: card.name, version: card.version, precision, sha256 };
    const library = provider.library === undefined ? '' : ` of ${provider.library}`;
    log.info(`model     ${model.name} ${model.version} ${model.precision}, provider ${provider.active}${library}`);
    if (provider.reason !== undefined) log.warn(`provider  ${provider.requested} was asked for; ${provider.reason}`);
    log.info(`input     ${input.size?.join('x') ?? `up to ${input.pixels} pixels`}: ${input.reason}`);
    this.provider = provider;
    this.input = input;
    configuration.input = input;
    const { node, cameras } = configuration.settings;
    const named = Object.entries(cameras).map(([name, { source }]) => ({ name, source: describeSource(source) }));
    feed.emit('info', { contractVersion, version, node, board, model, provider, input, cameras: named });
  }

  message(message: Parameters<EngineListener['message']>[0]): void {
    const { feed } = this.options;
    switch (message.kind) {
      case 'snapshot':
        feed.emit('snapshot', message.snapshot);
        break;
      case 'observation':
        feed.emit('observation', this.#withClip(message.observation));
        this.#tell(this.#lines.crossed(message.observation));
        break;
      case 'detections':
        feed.emit('detections', message.detections);
        break;
      case 'state':
        this.#tell(this.#lines.add(message.state));
        break;
      case 'region-state':
        feed.emit('regionState', message.state);
        break;
      case 'capture':
        this.#captureChanged(message);
        break;
      case 'heartbeat':
        this.heartbeat = message;
        for (const camera of Object.keys(message.cameras)) this.failed.delete(camera);
        for (const [camera, feet] of Object.entries(message.feet ?? {})) feed.emit('feet', camera, feet);
        break;
    }
  }

  lost(reason: string): void {
    this.options.log.error(`${reason}; another one is started`);
    this.#forgetStates();
  }

  /** Nobody looks at the regions before another engine does. */
  #forgetStates(): void {
    const { feed, configuration } = this.options;
    const at = new Date().toISOString();
    for (const [camera, { states }] of Object.entries(configuration.settings.cameras)) {
      for (const [name, { classes }] of Object.entries(states)) {
        feed.emit('regionState', { camera, name, state: unknownClass, classes, score: 0, at });
      }
    }
  }

  setAside(camera: string, how: string, retryMs: number): void {
    const reason = `engines die of its pictures (${how}): it is set aside, and tried alone now and then`;
    this.failed.set(camera, reason);
    const at = new Date().toISOString();
    this.options.feed.emit('cameraStatus', { camera, state: 'failed', reason, code: 'ERR_ENGINE_CAMERA', retryMs, at });
  }

  gaveUp(error: MinspnetError): void {
    this.options.finish(error);
  }

  #tell(state: CameraState | undefined): void {
    if (state !== undefined) this.options.feed.emit('cameraState', state);
  }

  #withClip(observation: Observation): Observation {
    const clip = observation.type === 'end' ? this.options.clipUrl(observation.id) : undefined;
    return clip === undefined ? observation : ({ ...observation, clip } as Observation);
  }

  #captureChanged(change: Extract<FromEngine, { kind: 'capture' }>): void {
    const { camera, state, reason, attempts, retryMs, error } = change;
    const { feed } = this.options;
    feed.emit('cameraStatus', {
      camera,
      state,
      reason,
      attempts,
      ...(retryMs !== undefined && { retryMs }),
      ...(error && { code: error.code }),
      at: new Date().toISOString(),
    });
    if (state !== 'ended') this.#ended.delete(camera);
    else this.#ended.set(camera, error && MinspnetError.revive(error));
    this.#finishWhenOver();
  }

  /** Cameras that are in the settings no more; one that is opened anew says so itself. */
  #forget(): void {
    const { cameras: known } = this.options.configuration;
    for (const camera of this.failed.keys()) if (!known.includes(camera)) this.failed.delete(camera);
    const { settings, cameras } = this.options.configuration;
    const before = this.#cameras;
    this.#cameras = settings.cameras;
    for (const camera of this.#ended.keys()) if (!cameras.includes(camera)) this.#ended.delete(camera);
    const isSame = cameras.every((camera) => isDeepStrictEqual(settings.cameras[camera], before[camera]));
    if (isSame) this.#finishWhenOver();
  }

  #finishWhenOver(): void {
    const { configuration, finish } = this.options;
    if (this.#ended.size < configuration.cameras.length) return;
    finish([...this.#ended.values()].find((failure) => failure !== undefined));
  }
}
