import type { RuntimeSettings, Settings } from '../config/schema.js';
import type { BenchmarkSummary } from '../contract/benchmark.js';
import { RequestError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState, RequestGives, RequestNeeds } from '../contract/request.js';
import { modelOn } from '../contract/running-model.js';
import type { Topic } from '../contract/topics.js';
import type { EngineFacts, TakenPicture } from '../engine/protocol.js';
import { listModels } from '../model/list.js';
import { loadModel } from '../model/load.js';
import { maxPayload } from '../mqtt/broker-access.js';
import type { Publisher } from '../mqtt/publisher.js';
import type { RequestHandlers } from '../mqtt/request-server.js';
import type { Adjustments } from './adjustments.js';
import { type Allowance, type Configuration, type TunedSettings, unlimited } from './configuration.js';
import type { EngineHost } from './engine-host.js';
import type { Feed } from './feed.js';
import type { Lessons } from './lessons.js';
import type { Log } from './log.js';
import type { ModelUpdates } from './model-updates.js';
import type { Part } from './parts.js';
import { SettingsReload } from './settings-reload.js';
import { modelPlaces } from './state-directory.js';

/** What is measured: the network as the engine runs it. */
export interface BenchmarkWish {
  model: VerifiedModel;
  runtime: RuntimeSettings;
  size?: [number, number] | undefined;
}

/** Measures the board in processes of its own; they are gone when it has settled, which it does soon after `signal`. */
export type MeasureBoard = (wish: BenchmarkWish, signal: AbortSignal) => Promise<BenchmarkSummary>;

export interface ControlOptions {
  configuration: Configuration;
  host: EngineHost;
  feed: Feed;
  publisher: Publisher;
  lessons: Lessons;
  updates: ModelUpdates;
  measureBoard: MeasureBoard;
  /** Pictures that the present engine has analysed so far. */
  analysed: () => number;
  log: Log;
  /** Reads the settings again. */
  read: () => Promise<TunedSettings>;
}

/** Carries out what is asked for, by whichever way it came. */
export class Control implements RequestHandlers, Part {
  readonly name = 'requests';
  readonly settings: SettingsReload;
  readonly #options: ControlOptions;
  /** One change after the other, whoever asks for it. */
  #replacing: Promise<unknown> = Promise.resolve();
  readonly #stopping = new AbortController();
  #measuring: Promise<unknown> = Promise.resolve();

  constructor(options: ControlOptions) {
    this.#options = options;
    options.feed.on('configured', () => this.#tellCameraSettings());
    this.settings = new SettingsReload({ ...options, apply: (settings, model) => this.#replace(settings, model) });
  }

  start(): void {
    this.#tellCameraSettings();
  }

  /** Whoever waits for a benchmark is told that there is none; resolves when nothing is measured any more. */
  async stop(): Promise<void> {
    const message = 'the daemon stops, so the benchmark has no result; ask again when it is back';
    this.#stopping.abort(new RequestError('ERR_REQUEST_STOPPED', 'engine', message));
    await this.#measuring.catch(() => {});
  }

  /**
   * Puts in force what the governor allows.
   *
   * @throws {MinspnetError} where the engine can't have another size; the old one is in force again, the new rate stays
   */
  async govern(allowed: Allowance): Promise<void> {
    const { configuration, host } = this.#options;
    const before = configuration.allowed;
    configuration.allowed = allowed;
    if (allowed.pixels === before.pixels) {
      if (allowed.rate === before.rate) return;
      for (const [camera, { fps }] of Object.entries(configuration.allowedRates())) host.adjust(camera, { fps });
      return;
    }
    try {
      await this.#replace(configuration.settings, configuration.model);
    } catch (error) {
      configuration.allowed = { ...allowed, pixels: before.pixels };
      throw error;
    }
  }

  detect = ({ camera, enabled }: RequestNeeds<'detect'>) => this.#adjust(camera, { detect: enabled });
  rate = ({ camera, fps }: RequestNeeds<'rate'>) => this.#adjust(camera, { fps });
  minScore = ({ camera, minScore }: RequestNeeds<'minScore'>) => this.#adjust(camera, { minScore });

  async snapshot({ camera }: RequestNeeds<'snapshot'>): Promise<RequestGives<'snapshot'>> {
    this.#mustKnow(camera);
    return this.#show(this.#options.publisher.topics.picture(camera), await this.#options.host.takePicture(camera));
  }

  async still({ camera }: RequestNeeds<'still'>): Promise<RequestGives<'still'>> {
    this.#mustKnow(camera);
    return this.#show(this.#options.publisher.topics.still(camera), await this.#options.host.takePicture(camera, true));
  }

  async explain({ camera, minutes, place }: RequestNeeds<'explain'>): Promise<RequestGives<'explain'>> {
    this.#mustKnow(camera);
    return await this.#options.host.explain(camera, minutes * 60, place);
  }

  async clearBackground({ camera }: RequestNeeds<'clearBackground'>): Promise<RequestGives<'clearBackground'>> {
    this.#mustKnow(camera);
    this.#options.host.clearBackground(camera);
    return {};
  }

  crops = (needs: RequestNeeds<'crops'>) => this.#options.lessons.crops(needs);
  assign = (needs: RequestNeeds<'assign'>) => this.#options.lessons.assign(needs);
  collect = (needs: RequestNeeds<'collect'>) => this.#options.lessons.collect(needs);
  teach = (needs: RequestNeeds<'teach'>) => this.#options.lessons.teach(needs);

  async restart({ camera }: RequestNeeds<'restart'>): Promise<RequestGives<'restart'>> {
    this.#mustKnow(camera);
    this.#options.host.restartCamera(camera);
    return {};
  }

  updateModel = () => this.#options.updates.install();

  /** @throws {MinspnetError} why the settings are refused: those before stay in force */
  reload = () => this.settings.reload();

  async swapModel({ model: name, precision }: RequestNeeds<'swapModel'>): Promise<RequestGives<'swapModel'>> {
    const { configuration } = this.#options;
    const models = await listModels(configuration.model.path, 'detect', modelPlaces(configuration.settings));
    const found = models.find(({ card }) => card.name === name);
    if (found === undefined) {
      const known = models.map(({ card }) => card.name).join(', ');
      throw new RequestError('ERR_REQUEST_MODEL', 'usage', `no model "${name}" is here; there are: ${known}`);
    }
    const model = await loadModel(found.folder, precision);
    const facts = await this.#replace(configuration.settings, model);
    const { name: chosen, version } = model.card;
    return { name: chosen, version, precision: modelOn(model, facts?.provider.active ?? 'cpu').precision };
  }

  /**
   * The cameras go on being watched meanwhile: a board that measures itself shall not be blind for half a minute. So the
   * figures are those of what the cameras leave, and the summary says what they took.
   */
  async benchmark(): Promise<RequestGives<'benchmark'>> {
    const { configuration, publisher, measureBoard, analysed } = this.#options;
    const { model, settings } = configuration;
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const before = { at: performance.now(), frames: analysed() };
    const measuring = measureBoard(
      { model, runtime: settings.runtime, size: settings.model.size === 'auto' ? undefined : settings.model.size },
      signal,
    );
    this.#measuring = measuring;
    const measured = await measuring;
    const frames = analysed() - before.frames;
    const seconds = (performance.now() - before.at) / 1000;
    // Another engine counts from zero.
    const summary = { ...measured, camerasFps: frames < 0 ? null : frames / seconds };
    publisher.benchmark(summary);
    return summary;
  }

  async models(): Promise<RequestGives<'models'>> {
    const { model } = this.#options.configuration;
    const running = model.card;
    const models = await listModels(model.path, 'detect', modelPlaces(this.#options.configuration.settings));
    return {
      models: models.map(({ card: { name, version, classes, files } }) => ({
        name,
        version,
        classes,
        precisions: Object.keys(files),
        running: name === running.name && version === running.version,
      })),
    };
  }

  /** @throws {MinspnetError} where the new engine does not run; what was in force is again */
  async #replace(settings: Settings, model: VerifiedModel): Promise<EngineFacts | undefined> {
    const replacing = this.#replacing.then(() => this.#replaceNow(settings, model));
    this.#replacing = replacing.catch(() => {});
    return await replacing;
  }

  async #replaceNow(settings: Settings, model: VerifiedModel): Promise<EngineFacts | undefined> {
    const { configuration, host, feed } = this.#options;
    const { adjustments } = configuration;
    const before = { settings: configuration.settings, model: configuration.model, allowed: configuration.allowed };
    const use = (next: typeof before) => {
      Object.assign(configuration, next);
      adjustments.use(next.settings.cameras);
      feed.emit('configured');
    };
    const isLimited = Object.keys(settings.limits).length > 0; // else no governor gives back what one has taken
    use({ settings, model, allowed: isLimited ? configuration.allowed : unlimited });
    let facts: EngineFacts | undefined;
    try {
      facts = await host.apply(configuration.engineSettings);
    } catch (error) {
      use(before);
      throw error;
    }
    if (facts !== undefined) configuration.input = facts.input;
    await adjustments.forget();
    return facts;
  }

  async #adjust(camera: string, adjustment: Parameters<Adjustments['set']>[1]): Promise<CameraSettingsState> {
    const { configuration, host, feed } = this.#options;
    this.#mustKnow(camera);
    const { fps } = adjustment;
    host.adjust(camera, { ...adjustment, ...(fps !== undefined && { fps: fps * configuration.allowed.rate }) });
    const kept = configuration.adjustments.set(camera, adjustment);
    const now = configuration.cameraSettings(camera);
    feed.emit('cameraSettings', now);
    await kept;
    return now;
  }

  /** A JPEG at a retained topic, before the answer that speaks of it. */
  #show(topic: Topic<Uint8Array>, { jpeg, width, height }: TakenPicture): RequestGives<'still'> {
    const { publisher } = this.#options;
    const bytes = jpeg.length;
    const most = Math.min(publisher.maximumPayload, maxPayload);
    if (bytes > most) {
      const what = `the picture has ${bytes} bytes, and one message holds ${most} at most`;
      throw new RequestError('ERR_REQUEST_TOO_LARGE', 'broker', `${what}.`);
    }
    publisher.retain(topic, Buffer.from(jpeg), 'image/jpeg');
    return { topic, bytes, width, height };
  }

  #tellCameraSettings(): void {
    const { configuration, feed } = this.#options;
    for (const camera of configuration.cameras) feed.emit('cameraSettings', configuration.cameraSettings(camera));
  }

  #mustKnow(camera: string): void {
    const { cameras } = this.#options.configuration;
    if (cameras.includes(camera)) return;
    const what = `no camera is called "${camera}"; there are: ${cameras.join(', ')}`;
    throw new RequestError('ERR_REQUEST_CAMERA', 'usage', what);
  }
}
