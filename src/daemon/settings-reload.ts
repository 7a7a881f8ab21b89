import { isDeepStrictEqual } from 'node:util';
import { formatPath, type SettingPath, valueAt, withValueAt } from '../config/path.js';
import type { Settings } from '../config/schema.js';
import { asMinspnetError } from '../contract/errors.js';
import type { SettingsHealth } from '../contract/health.js';
import type { VerifiedModel } from '../contract/model-card.js';
import type { RequestGives } from '../contract/request.js';
import { loadModel } from '../model/load.js';
import type { Publisher } from '../mqtt/publisher.js';
import type { Configuration, TunedSettings } from './configuration.js';
import type { Feed } from './feed.js';
import { brokerAccess } from './integrations/broker.js';
import type { Log } from './log.js';
import { modelPlaces } from './state-directory.js';

export interface SettingsReloadOptions {
  configuration: Configuration;
  publisher: Publisher;
  feed: Feed;
  log: Log;
  /** Reads the settings again. */
  read: () => Promise<TunedSettings>;
  /** Puts them in force for cameras and model; throws where they can't be, and all is as before then. */
  apply: (settings: Settings, model: VerifiedModel) => Promise<unknown>;
}

/** What only a new start of the daemon can change: its own session, its own files. */
const fixed: readonly SettingPath[] = [
  ['node'],
  ['mqtt', 'baseTopic'],
  ['mqtt', 'homeAssistant'],
  ['mqtt', 'frigateCompatible'],
  ['mqtt', 'frigateTopic'],
  ['mqtt', 'broker'],
  ['outbox'],
  ['requests', 'perSecond'],
  ['requests', 'responseTopics'],
  ['http'],
  ['history'],
  ['stateDirectory'],
  ['log', 'format'],
];

/** Where a broker is, and who we are to it: with other ones there is another session. */
const ofBroker = ['url', 'fallbackUrls', 'username', 'password', 'tls', 'keepAliveSeconds', 'connectSeconds'] as const;

/**
 * Reads the settings again and puts in force what has changed, and only that. Wrong settings change nothing: those before
 * stay, and log and health say so.
 */
export class SettingsReload {
  readonly #options: SettingsReloadOptions;
  #state: SettingsHealth = { loadedAt: new Date().toISOString(), refused: null, restartNeeded: [] };
  /** One after the other, each with what the file says by then. */
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsReloadOptions) {
    this.#options = options;
  }

  get state(): SettingsHealth {
    return this.#state;
  }

  /**
   * @returns the cameras that there are, and what only another start puts in force
   * @throws {MinspnetError} why the settings are refused
   */
  async reload(): Promise<RequestGives<'reload'>> {
    const reloading = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = reloading.catch(() => {});
    return await reloading;
  }

  async #reloadNow(): Promise<RequestGives<'reload'>> {
    const { configuration, feed, log } = this.#options;
    feed.emit('reloading');
    try {
      const restartNeeded = await this.#use(await this.#options.read());
      this.#state = { loadedAt: new Date().toISOString(), refused: null, restartNeeded };
      const rest = restartNeeded.length === 0 ? '' : `; only a restart applies ${restartNeeded.join(', ')}`;
      log.info(`settings  read again${rest}`);
      return { cameras: configuration.cameras, restartNeeded };
    } catch (reason) {
      const error = asMinspnetError(reason);
      const { code, message } = error;
      this.#state = { ...this.#state, refused: { at: new Date().toISOString(), code, message } };
      log.error(`settings  refused, those before stay in force: ${message}`);
      throw error;
    } finally {
      feed.emit('reloaded');
    }
  }

  /** @returns the settings that only a new start puts in force */
  async #use({ settings: read, tuning }: TunedSettings): Promise<string[]> {
    const { configuration, publisher, log } = this.#options;
    const before = configuration.settings;
    const hadBroker = before.mqtt.url !== undefined;
    // Our own broker comes and goes with the daemon.
    const kept = [...fixed, ...((read.mqtt.url !== undefined) === hadBroker ? [] : [['mqtt', 'url']])];
    const changed = kept.filter((path) => !isDeepStrictEqual(valueAt(read, path), valueAt(before, path)));
    const settings = changed.reduce<unknown>(
      (all, path) => withValueAt(all, path, valueAt(before, path)),
      read,
    ) as Settings;
    const model = await loadModel(settings.model.path, settings.model.precision, 'detect', modelPlaces(settings));
    const isOtherBroker = hadBroker && ofBroker.some((key) => !isDeepStrictEqual(settings.mqtt[key], before.mqtt[key]));
    const useBroker = isOtherBroker ? publisher.otherBroker(brokerAccess(settings.mqtt, undefined)) : undefined;
    if (!isDeepStrictEqual([settings, model], [before, configuration.model])) {
      await this.#options.apply(settings, model);
    }
    configuration.tuning = tuning;
    log.level = settings.log.level;
    await useBroker?.();
    return changed.map(formatPath);
  }
}
