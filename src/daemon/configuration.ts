import type { Settings } from '../config/schema.js';
import type { TuningHealth } from '../contract/health.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { InputChoice } from '../contract/status.js';
import type { CameraAdjustment, EngineSettings, InputWish, SecondaryModels } from '../engine/protocol.js';
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

/** What the network may take where nothing is said of the CPU, of one core. */
const usualBudget = { percent: 50, of: 'the budget' };
/** Of a limit on the CPU, what the network may take: the rest is for decoding, scaling, MQTT. */
const networkShare = 0.6;

/** What the cameras may do where nothing is limited. */
export const unlimited: Allowance = { rate: 1, pixels: 1 };

/** What is in force now: the settings, the model, what requests have changed, and what the governor allows. */
export class Configuration {
  settings: Settings;
  model: VerifiedModel;
  allowed = unlimited;
  secondaryModels: SecondaryModels = { classifiers: {}, segmenters: {} };
  #tuning: TuningHealth;
  /** The network's input where the governor takes nothing of it, once an engine has said it, and what that holds for. */
  #chosen: { input: InputChoice; settings: Settings; model: VerifiedModel } | undefined;

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
    const { runtime, events, history, cameras, classifiers } = this.settings;
    return {
      model: this.model,
      runtime,
      cacheDirectory: this.cacheDirectory,
      events,
      history,
      cameras,
      classifiers,
      secondaryModels: this.secondaryModels,
      adjustments: this.allowedRates(),
      input: this.#inputWish,
    };
  }

  /** The network's input where the governor takes nothing of it; undefined until an engine has been ready. */
  get input(): InputChoice | undefined {
    const { input, settings, model } = this.#chosen ?? {};
    return settings === this.settings && model === this.model ? input : undefined;
  }

  /** An engine runs with this input. */
  set input(input: InputChoice) {
    if (this.allowed.pixels === 1) this.#chosen = { input, settings: this.settings, model: this.model };
  }

  /** It is measured once; engines that follow begin with what was chosen. */
  get #inputWish(): InputWish {
    const { model, cameras, limits } = this.settings;
    const { choice, kept } = this.#tuning;
    const { pixels } = this.allowed;
    const { size } = model;
    const chosen = this.input;
    const full = size === 'auto' ? chosen?.pixels : size[0] * size[1];
    if (pixels < 1 && full !== undefined) {
      return { pixels: Math.floor(full * pixels), reason: 'the governor allows no more: see `governor` in health' };
    }
    if (size !== 'auto') {
      const isTuned = choice !== null && !kept.includes('model.size');
      return { size, reason: isTuned ? '`minspnet tune` chose it' : 'the settings say so (model.size)' };
    }
    if (chosen !== undefined) return { pixels: chosen.pixels, reason: chosen.reason };
    const fps = Object.keys(cameras).reduce((sum, camera) => sum + this.cameraSettings(camera).fps, 0);
    const { cpu } = limits;
    const budget = cpu === undefined ? usualBudget : { percent: cpu * networkShare, of: 'its part of limits.cpu' };
    return { budget: { ...budget, fps } };
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
