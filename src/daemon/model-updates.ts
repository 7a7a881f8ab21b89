import { ModelError } from '../contract/errors.js';
import type { ModelUpdateHealth } from '../contract/health.js';
import type { RequestGives } from '../contract/request.js';
import { compareVersions, ModelStore } from '../model/store.js';
import type { Configuration } from './configuration.js';
import type { Log } from './log.js';
import { tryModel } from './model-trial.js';
import type { Part } from './parts.js';
import { every } from './periodic.js';

const lookMs = 24 * 3_600_000;
/** A slow board needs so long to load a network. */
const startMs = 60_000;

export interface ModelUpdatesOptions {
  configuration: Configuration;
  log: Log;
  /** The folder of the models that were added. */
  directory: string;
  /** Puts in force what lies there now. */
  reload: () => Promise<unknown>;
}

/** Looks once a day at what `model.updates` offers, and installs it when somebody asks for it. */
export class ModelUpdates implements Part {
  readonly name = 'model-updates';
  readonly #stopping = new AbortController();
  #end = () => {};
  #latest: { name: string; version: string } | undefined;

  constructor(private readonly options: ModelUpdatesOptions) {}

  /** What is offered for the model in use; undefined while nothing is known to be. */
  get state(): ModelUpdateHealth | undefined {
    const { name, version: installed } = this.options.configuration.model.card;
    if (this.#latest?.name !== name) return undefined;
    const { version } = this.#latest;
    return { installed, latest: compareVersions(version, installed) > 0 ? version : installed };
  }

  start(): void {
    this.#end = every(lookMs, () => this.#look(), this.options.log, this.name);
  }

  stop(): void {
    this.#end();
    this.#stopping.abort();
  }

  /** @throws {MinspnetError} why it is not installed: what was in force stays */
  async install(): Promise<RequestGives<'updateModel'>> {
    const { configuration, directory, reload, log } = this.options;
    const { updates, keys } = configuration.settings.model;
    if (updates === undefined) {
      const what = '`model.updates` names no address of a model. Set it, or use `minspnet model add` on the board.';
      throw new ModelError('ERR_MODEL_UPDATES', 'usage', what);
    }
    const store = new ModelStore(directory);
    const { card } = await store.add(updates, {
      keys,
      selfTest: async (model) => {
        await tryModel({ ...configuration.engineSettings, model }, startMs, this.#stopping.signal);
      },
    });
    const { name, version } = card;
    this.#latest = { name, version };
    log.info(`model     ${name} ${version} installed from ${new URL(updates).host || 'a file'}`);
    try {
      await reload();
    } catch (error) {
      // What does not run must not be what the next start finds.
      await store.rollback(name).catch(() => store.remove(name));
      throw error;
    }
    return { name, version };
  }

  async #look(): Promise<void> {
    const { configuration, directory, log } = this.options;
    const { updates, keys } = configuration.settings.model;
    if (updates === undefined) return;
    const { name, version } = await new ModelStore(directory).offered(updates, { keys });
    this.#latest = { name, version };
    const inUse = configuration.model.card.name;
    if (name !== inUse) log.warn(`model     \`model.updates\` offers ${name}, but ${inUse} is in use`);
  }
}
