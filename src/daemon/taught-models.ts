import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/schema.js';
import type { VerifiedClassifier } from '../contract/head.js';
import { loadClassifier } from '../model/classifier.js';
import { findFolder } from '../model/load.js';
import type { Configuration } from './configuration.js';
import type { EngineHost } from './engine-host.js';
import type { Log } from './log.js';
import type { Part } from './parts.js';
import { every } from './periodic.js';

/** How often it is looked for what was taught, milliseconds. */
const lookMs = 1000;

/**
 * The models that the settings' classifiers and states name. One that is taught while the daemon runs is put into the
 * engine at once; one that is not there yet is no error, since its pictures have to be collected first.
 */
export class TaughtModels implements Part {
  readonly name = 'taught models';
  /** When each was written that is in force, by name. */
  #stamps = '';
  #told = new Map<string, string>();
  #end: () => void = () => {};
  #host: Pick<EngineHost, 'useClassifiers'> | undefined;

  /** @param places folders of models, besides that of those that come with us */
  constructor(
    private readonly configuration: Configuration,
    private readonly places: readonly string[],
    private readonly log: Log,
  ) {}

  /** @param host the engine that is told of changes; it has been started with what is there now */
  watch(host: Pick<EngineHost, 'useClassifiers'>): this {
    this.#host = host;
    return this;
  }

  start(): void {
    this.#end = every(
      lookMs,
      async () => {
        if (await this.load()) this.#host?.useClassifiers(this.configuration.classifierModels);
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
    const names = modelsOf(this.configuration.settings);
    const stamps = await Promise.all(names.map((name) => this.#stampOf(name)));
    const key = names.map((name, i) => `${name}=${stamps[i]}`).join('\n');
    if (key === this.#stamps) return false;
    const models: Record<string, VerifiedClassifier> = {};
    for (const name of names) {
      const model = await this.#read(name);
      if (model !== undefined) models[name] = model;
    }
    this.configuration.classifierModels = models;
    this.#stamps = key;
    return true;
  }

  /** Undefined where it can't be read, which is told once. */
  async #read(name: string): Promise<VerifiedClassifier | undefined> {
    try {
      const model = await loadClassifier(name, 'auto', this.places);
      const { card } = model.taught ?? model.base;
      this.#say(name, `model     ${name} ${card.version} tells ${card.classes.join(', ')}`, 'info');
      return model;
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

/** Names of the models that classifiers and states use. */
function modelsOf({ classifiers, cameras }: Settings): string[] {
  const names = Object.values(classifiers).map(({ model }) => model);
  for (const { states } of Object.values(cameras)) {
    for (const [name, { model = name }] of Object.entries(states)) names.push(model);
  }
  return [...new Set(names)].sort();
}
