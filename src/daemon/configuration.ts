import type { Settings } from '../config/schema.js';
import type { TuningHealth } from '../contract/health.js';
import { usualInputPixels, type VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { CameraAdjustment, EngineSettings } from '../engine/protocol.js';
import type { Adjustments } from './adjustments.js';

/** Settings with what `minspnet tune` chose put in. */
export interface TunedSettings {
  settings: Settings;
  tuning: TuningHealth;
}

/** Fractions of each camera's rate, and of the input's usual pixels. */
export interface Allowance {
  rate: number;
  pixels: number;
}

/** What the cameras may do where nothing is limited. */
export const unlimited: Allowance = { rate: 1, pixels: 1 };

/** What is in force now: the settings, the model, what requests have changed, and what the governor allows. */
export class Configuration {
  settings: Settings;
  model: VerifiedModel;
  allowed = unlimited;
  #tuning: TuningHealth;

  /** @param cacheDirectory where what takes long to compute is kept from one engine to the next */
  constructor(
    { settings, tuning }: TunedSettings,
    model: VerifiedModel,
    readonly adjustments: Adjustments,
    private readonly cacheDirectory: string,
  ) {
    this.settings = settings;
    this.#tuning = tuning;
    this.model = model;
  }

  get cameras(): string[] {
    return Object.keys(this.settings.cameras);
  }

  /** What an engine is told at its start. */
  get engineSettings(): Omit<EngineSettings, 'runId'> {
    const { model: wanted, runtime, events, history, cameras } = this.settings;
    const { pixels } = this.allowed;
    const usual = wanted.size ? wanted.size[0] * wanted.size[1] : usualInputPixels;
    return {
      model: this.model,
      runtime,
      cacheDirectory: this.cacheDirectory,
      events,
      history,
      cameras,
      adjustments: this.allowedRates(),
      ...(wanted.size && pixels === 1 && { inputSize: wanted.size }),
      ...(pixels < 1 && { inputPixels: Math.floor(usual * pixels) }),
    };
  }

  /** What of the tuning is in force: a model that was put in by request keeps size and threads of the one before. */
  get tuning(): TuningHealth {
    const { model, choice } = this.#tuning;
    const { name } = this.model.card;
    if (choice === null || name === model) return this.#tuning;
    const reason = `chosen for ${model}; ${name} was put in its place by request and runs with its size and threads`;
    return { ...this.#tuning, reason };
  }

  set tuning(tuning: TuningHealth) {
    this.#tuning = tuning;
  }

  /** The rate of every camera as the governor allows it, with what else was changed of it. */
  allowedRates(): Record<string, CameraAdjustment & { fps: number }> {
    return Object.fromEntries(
      this.cameras.map((camera) => [
        camera,
        { ...this.adjustments.of(camera), fps: this.cameraSettings(camera).fps * this.allowed.rate },
      ]),
    );
  }

  cameraSettings(camera: string): CameraSettingsState {
    const settings = this.settings.cameras[camera];
    const { detect, fps, minScore } = this.adjustments.of(camera);
    return {
      camera,
      detect: detect ?? true,
      fps: fps ?? settings?.fps ?? 0,
      minScore: minScore ?? settings?.minScore ?? this.model.card.minScore,
    };
  }
}
