import type { Settings } from '../config/schema.js';
import { MinspnetError, RequestError } from '../contract/errors.js';
import type { TuningHealth } from '../contract/health.js';
import { modelOn, usualInputPixels, type VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState, RequestGives, RequestNeeds } from '../contract/request.js';
import type { Topic } from '../contract/topics.js';
import type { CameraAdjustment, EngineFacts, TakenPicture } from '../engine/protocol.js';
import { listModels } from '../model/list.js';
import { loadModel } from '../model/load.js';
import { maxPayload } from '../mqtt/embedded-broker.js';
import type { Publisher } from '../mqtt/publisher.js';
import type { RequestHandlers } from '../mqtt/request-server.js';
import type { Adjustments } from './adjustments.js';
import type { Benchmarking } from './benchmarking.js';
import type { TunedSettings } from './daemon.js';
import type { EngineHost, EngineHostOptions } from './engine-host.js';

export interface ControlOptions extends TunedSettings {
  model: VerifiedModel;
  adjustments: Adjustments;
  publisher: Publisher;
  benchmarking: Benchmarking;
  /** Where what takes long to compute is kept from one engine to the next. */
  cacheDirectory: string;
  /** Reads the settings again. */
  reload: () => Promise<TunedSettings>;
  /** A camera has been adjusted. */
  adjusted: (settings: CameraSettingsState) => void;
  /** An engine with other settings or another model is about to start, or has failed to. */
  changed: () => void;
}

/** What only a new start of the daemon can change: its own session, its own files. */
const fixed: readonly (keyof Settings)[] = ['node', 'mqtt', 'outbox', 'requests', 'stateDirectory', 'log'];

/** What the cameras may do where nothing is limited. */
const everything = { rate: 1, pixels: 1 };

/** What is in force now, and the requests that change it. */
export class Control implements RequestHandlers {
  settings: Settings;
  model: VerifiedModel;
  /** With the settings. */
  #tuning: TuningHealth;
  readonly #options: ControlOptions;
  #host: EngineHost | undefined;
  #allowed = everything;
  /** One engine is replaced after the other, whoever asks for it. */
  #replacing: Promise<unknown> = Promise.resolve();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#tuning = options.tuning;
    this.model = options.model;
  }

  /** What an engine is told at its start. */
  get engineSettings(): EngineHostOptions['settings'] {
    const { model: wanted, runtime, events, cameras } = this.settings;
    const { cacheDirectory } = this.#options;
    const { pixels } = this.#allowed;
    const usual = wanted.size ? wanted.size[0] * wanted.size[1] : usualInputPixels;
    return {
      model: this.model,
      runtime,
      cacheDirectory,
      events,
      cameras,
      adjustments: this.#allowedRates(),
      ...(wanted.size && pixels === 1 && { inputSize: wanted.size }),
      ...(pixels < 1 && { inputPixels: Math.floor(usual * pixels) }),
    };
  }

  /**
   * What the governor allows: fractions of each camera's rate, and of the input's usual pixels. Another size is another
   * engine.
   *
   * @throws {MinspnetError} where the new engine does not run; the old size is in force again, the new rate stays
   */
  async govern(allowed: { rate: number; pixels: number }): Promise<void> {
    const before = this.#allowed;
    this.#allowed = allowed;
    if (allowed.pixels === before.pixels) {
      if (allowed.rate === before.rate) return;
      for (const [camera, { fps }] of Object.entries(this.#allowedRates())) this.#engine.adjust(camera, { fps });
      return;
    }
    try {
      await this.#replace(this.settings, this.model);
    } catch (error) {
      this.#allowed = { ...allowed, pixels: before.pixels };
      throw error;
    }
  }

  /** What of the tuning is in force: a model that was put in by request keeps size and threads of the one before. */
  get tuning(): TuningHealth {
    const { model, choice } = this.#tuning;
    const { name } = this.model.card;
    if (choice === null || name === model) return this.#tuning;
    const reason = `chosen for ${model}; ${name} was put in its place by request and runs with its size and threads`;
    return { ...this.#tuning, reason };
  }

  /** What all cameras are set to together, pictures a second. */
  get wishedRate(): number {
    return Object.keys(this.settings.cameras).reduce((sum, camera) => sum + this.cameraSettings(camera).fps, 0);
  }

  /** Of every camera, with what else was changed of it. */
  #allowedRates(): Record<string, CameraAdjustment & { fps: number }> {
    const { rate } = this.#allowed;
    return Object.fromEntries(
      Object.keys(this.settings.cameras).map((camera) => [
        camera,
        { ...this.#options.adjustments.of(camera), fps: this.cameraSettings(camera).fps * rate },
      ]),
    );
  }

  set host(host: EngineHost) {
    this.#host = host;
  }

  cameraSettings(camera: string): CameraSettingsState {
    const settings = this.settings.cameras[camera];
    const { detect, fps, minScore } = this.#options.adjustments.of(camera);
    return {
      camera,
      detect: detect ?? true,
      fps: fps ?? settings?.fps ?? 0,
      minScore: minScore ?? settings?.minScore ?? this.model.card.minScore,
    };
  }

  detect = ({ camera, enabled }: RequestNeeds<'detect'>) => this.#adjust(camera, { detect: enabled });
  rate = ({ camera, fps }: RequestNeeds<'rate'>) => this.#adjust(camera, { fps });
  minScore = ({ camera, minScore }: RequestNeeds<'minScore'>) => this.#adjust(camera, { minScore });

  async snapshot({ camera }: RequestNeeds<'snapshot'>): Promise<RequestGives<'snapshot'>> {
    this.#mustKnow(camera);
    return this.#show(this.#options.publisher.topics.picture(camera), await this.#engine.takePicture(camera));
  }

  async still({ camera }: RequestNeeds<'still'>): Promise<RequestGives<'still'>> {
    this.#mustKnow(camera);
    return this.#show(this.#options.publisher.topics.still(camera), await this.#engine.takePicture(camera, true));
  }

  async restart({ camera }: RequestNeeds<'restart'>): Promise<RequestGives<'restart'>> {
    this.#mustKnow(camera);
    this.#engine.restartCamera(camera);
    return {};
  }

  async reload(): Promise<RequestGives<'reload'>> {
    const { settings, tuning } = await this.#options.reload();
    const before = this.settings;
    const model = await loadModel(settings.model.path, settings.model.precision);
    await this.#replace({ ...settings, ...Object.fromEntries(fixed.map((key) => [key, before[key]])) }, model);
    this.#tuning = tuning;
    const restartNeeded = fixed.filter((key) => JSON.stringify(settings[key]) !== JSON.stringify(before[key]));
    return { cameras: Object.keys(settings.cameras), restartNeeded };
  }

  async swapModel({ model: name, precision }: RequestNeeds<'swapModel'>): Promise<RequestGives<'swapModel'>> {
    const models = await listModels(this.model.path);
    const found = models.find(({ card }) => card.name === name);
    if (found === undefined) {
      const known = models.map(({ card }) => card.name).join(', ');
      throw new RequestError('ERR_REQUEST_MODEL', 'usage', `no model "${name}" is here; there are: ${known}`);
    }
    const model = await loadModel(found.folder, precision);
    const { provider } = await this.#replace(this.settings, model);
    const { name: chosen, version } = model.card;
    return { name: chosen, version, precision: modelOn(model, provider.active).precision };
  }

  async benchmark(): Promise<RequestGives<'benchmark'>> {
    const { model, settings } = this;
    const summary = await this.#options.benchmarking.run({
      model,
      runtime: settings.runtime,
      size: settings.model.size,
    });
    this.#options.publisher.benchmark(summary);
    return summary;
  }

  async models(): Promise<RequestGives<'models'>> {
    const running = this.model.card;
    const models = await listModels(this.model.path);
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
  async #replace(settings: Settings, model: VerifiedModel): Promise<EngineFacts> {
    const replacing = this.#replacing.then(() => this.#replaceNow(settings, model));
    this.#replacing = replacing.catch(() => {});
    return await replacing;
  }

  async #replaceNow(settings: Settings, model: VerifiedModel): Promise<EngineFacts> {
    const { adjustments, changed } = this.#options;
    const before = { settings: this.settings, model: this.model, allowed: this.#allowed };
    const use = (next: typeof before) => {
      this.settings = next.settings;
      this.model = next.model;
      this.#allowed = next.allowed;
      adjustments.use(next.settings.cameras);
      changed();
    };
    const isLimited = Object.keys(settings.limits).length > 0; // else no governor gives back what one has taken
    use({ settings, model, allowed: isLimited ? this.#allowed : everything });
    let facts: EngineFacts;
    try {
      facts = await this.#engine.replace(this.engineSettings);
    } catch (error) {
      use(before);
      throw error;
    }
    await adjustments.forget();
    return facts;
  }

  async #adjust(camera: string, adjustment: Parameters<Adjustments['set']>[1]): Promise<CameraSettingsState> {
    this.#mustKnow(camera);
    const { rate } = this.#allowed;
    this.#engine.adjust(camera, {
      ...adjustment,
      ...(adjustment.fps !== undefined && { fps: adjustment.fps * rate }),
    });
    const kept = this.#options.adjustments.set(camera, adjustment);
    const now = this.cameraSettings(camera);
    this.#options.publisher.cameraSettings(now);
    this.#options.adjusted(now);
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

  #mustKnow(camera: string): void {
    if (Object.hasOwn(this.settings.cameras, camera)) return;
    const known = Object.keys(this.settings.cameras).join(', ');
    throw new RequestError('ERR_REQUEST_CAMERA', 'usage', `no camera is called "${camera}"; there are: ${known}`);
  }

  get #engine(): EngineHost {
    if (this.#host !== undefined) return this.#host;
    throw new MinspnetError('ERR_REQUEST_BUSY', 'usage', 'the daemon is starting; try again');
  }
}
