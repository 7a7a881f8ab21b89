import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/schema.js';
import { ModelError } from '../contract/errors.js';
import type { VerifiedClassifier } from '../contract/head.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { loadClassifier } from '../model/classifier.js';
import { findFolder, loadModel } from '../model/load.js';
import type { Configuration } from './configuration.js';
import type { EngineHost } from './engine-host.js';
import type { Log } from './log.js';
import type { Part } from './parts.js';
import { every } from './periodic.js';

/** How often it is looked for what was taught, milliseconds. */
const lookMs = 1000;

/**
 * The models that the settings name besides the detector: of classifiers, states and segmenters. One that is taught while
 * the daemon runs is put into the engine at once; one that is not there yet is no error, since its pictures have to be
 * collected first.
 */
export class SecondaryModels implements Part {
  readonly name = 'secondary models';
  /** When each was written that is in force, by name. */
  #stamps = '';
  #told = new Map<string, string>();
  #end: () => void = () => {};
  #host: Pick<EngineHost, 'useSecondary'> | undefined;

  /** @param places folders of models, besides that of those that come with us */
  constructor(
    private readonly configuration: Configuration,
    private readonly places: readonly string[],
    private readonly log: Log,
  ) {}

  /** @param host the engine that is told of changes; it has been started with what is there now */
  watch(host: Pick<EngineHost, 'useSecondary'>): this {
    this.#host = host;
    return this;
  }

  start(): void {
    this.#end = every(
      lookMs,
      async () => {
        if (await this.load()) this.#host?.useSecondary(this.configuration.secondaryModels);
      },
      this.log,
      this.name,
    );
  }

  async stop(): Promise<void> {
    this.#end();
  }

  /** Reads what has changed. @returns whether anything has */
  async load(): Promise<boolean> {
    const { settings, model: detector } = this.configuration;
    const names = { classifiers: classifiersOf(settings), segmenters: segmentersOf(settings) };
    const all = [...names.classifiers, ...names.segmenters];
    const stamps = await Promise.all(all.map((name) => this.#stampOf(name)));
    const key = [detector.sha256, ...all.map((name, i) => `${name}=${stamps[i]}`)].join('\n');
    if (key === this.#stamps) return false;
    this.configuration.secondaryModels = {
      classifiers: await this.#readAll(names.classifiers, (name) => this.#classifier(name)),
      segmenters: await this.#readAll(names.segmenters, (name) => this.#segmenter(name, detector)),
    };
    this.#stamps = key;
    return true;
  }

  async #classifier(name: string): Promise<VerifiedClassifier> {
    const model = await loadClassifier(name, 'auto', this.places);
    const { card } = model.taught ?? model.base;
    this.#say(name, `model     ${name} ${card.version} tells ${card.classes.join(', ')}`, 'info');
    return model;
  }

  /** @throws {ModelError} ERR_MODEL_INPUT where it can't take the detector's input, which it shares */
  async #segmenter(name: string, detector: VerifiedModel): Promise<VerifiedModel<'segment'>> {
    const model = await loadModel(name, 'auto', 'segment', this.places);
    const { card } = model;
    const { fixed, multipleOf } = card.input;
    if (fixed !== undefined || detector.card.input.multipleOf % multipleOf !== 0) {
      const takes = fixed ? `inputs of ${fixed.join('x')} only` : `multiples of ${multipleOf} only`;
      const what = `it takes ${takes}, and has to take what ${detector.card.name} is given`;
      throw new ModelError('ERR_MODEL_INPUT', 'model', `${what}. Name another segmenter.`);
    }
    this.#say(name, `model     ${name} ${card.version} outlines ${card.classes.join(', ')}`, 'info');
    return model;
  }

  /** Without those that can't be read, which is told once. */
  async #readAll<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<Record<string, T>> {
    const models: Record<string, T> = {};
    for (const name of names) {
      const model = await this.#tried(name, read);
      if (model !== undefined) models[name] = model;
    }
    return models;
  }

  async #tried<T>(name: string, read: (name: string) => Promise<T>): Promise<T | undefined> {
    try {
      return await read(name);
    } catch (error) {
      this.#say(name, `model     ${name} can’t be used: ${(error as Error).message}`, 'warn');
      return undefined;
    }
  }

  #say(name: string, message: string, level: 'info' | 'warn'): void {
    if (this.#told.get(name) === message) return;
    this.#told.set(name, message);
    this.log[level](message);
  }

  async #stampOf(name: string): Promise<string> {
    try {
      const { mtimeMs, ino } = await stat(join(await findFolder(name, this.places), 'card.json'));
      return `${mtimeMs}/${ino}`;
    } catch {
      return 'none';
    }
  }
}

function segmentersOf({ cameras }: Settings): string[] {
  return [...new Set(Object.values(cameras).flatMap(({ segmenter }) => segmenter ?? []))].sort();
}

/** Names of the models that classifiers and states use. */
function classifiersOf({ classifiers, cameras }: Settings): string[] {
  const names = Object.values(classifiers).map(({ model }) => model);
  for (const { states } of Object.values(cameras)) {
    for (const [name, { model = name }] of Object.entries(states)) names.push(model);
  }
  return [...new Set(names)].sort();
}
