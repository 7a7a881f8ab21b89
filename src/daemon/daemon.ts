import { join } from 'node:path';
import type { Redactor } from '../config/mask.js';
import type { MinspnetError } from '../contract/errors.js';
import type { HttpTask } from '../contract/http.js';
import type { System } from '../device/system.js';
import { loadModel } from '../model/load.js';
import { Frigate } from '../mqtt/frigate.js';
import { Publisher } from '../mqtt/publisher.js';
import { Adjustments } from './adjustments.js';
import { Configuration, type TunedSettings } from './configuration.js';
import { Control, type MeasureBoard } from './control.js';
import { EngineHost } from './engine-host.js';
import type { EarlyEngine } from './engine-process.js';
import { EngineReports } from './engine-reports.js';
import { Feed } from './feed.js';
import { HealthReporter } from './health.js';
import { HttpBackend, type HttpBackendOptions } from './http-backend.js';
import { brokerAccess, OwnBroker } from './integrations/broker.js';
import { FormerAnnouncements } from './integrations/former.js';
import { FrigateIntegration } from './integrations/frigate.js';
import { HistoryIntegration } from './integrations/history.js';
import { HomeAssistantIntegration } from './integrations/home-assistant.js';
import { HttpIntegration } from './integrations/http.js';
import { clearRemovedCameras, MqttIntegration, serveRequests } from './integrations/mqtt.js';
import { SystemdIntegration } from './integrations/systemd.js';
import { Lessons } from './lessons.js';
import { type Log, logFeed } from './log.js';
import { ModelUpdates } from './model-updates.js';
import { type Part, Parts } from './parts.js';
import { SecondaryModels } from './secondary-models.js';
import { SettingsFile, type SettingsFileOptions } from './settings-file.js';
import { isOpenToAll, modelPlaces, modelsIn, openStateDirectory } from './state-directory.js';

export interface DaemonOptions extends TunedSettings {
  /** Reads the settings again, for whoever asks for it. */
  reload: () => Promise<TunedSettings>;
  measureBoard: MeasureBoard;
  /** `minspnet tune`, until `signal`. */
  tuneBoard: (signal: AbortSignal, onProgress: (progress: HttpTask['progress']) => void) => Promise<unknown>;
  /** Where the settings stand. */
  settingsFile: SettingsFileOptions;
  /** The ports that were asked for by name, so no other will do: of our own broker, and of the HTTP server. */
  strictPort: { broker: boolean; http: boolean };
  /** The engine's process, where it was launched while the daemon's code was loaded. */
  early?: EarlyEngine | undefined;
  version: string;
  /** What this board is called. */
  board: string;
  log: Log;
  /** Knows what is secret of the settings. */
  redactor: Redactor;
  /** What the sensors are read from; another one only in tests. */
  system?: System;
  /** How often they are read and health is told, milliseconds. */
  healthMs?: number;
  /** The governor's clock, milliseconds that only ever go up; a faster one only in tests. */
  now?: () => number;
}

const usualHealthMs = 5000;
/** SIGTERM to exit within 2 s. */
const stopMs = 1800;

/** Everything that must not die, put together: a list of parts that are started in order and stopped in reverse. */
export class Daemon {
  /** Resolves when there is nothing left to do: all cameras have ended. Rejects when the daemon can't go on. */
  readonly finished: Promise<void>;
  #finish: (error?: MinspnetError) => void = () => {};
  readonly #startedAt = performance.now();
  readonly #stopping = new AbortController();
  readonly #parts: Parts;
  #control: Control | undefined;
  readonly #options: DaemonOptions;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.finished.catch(() => {}); // whoever awaits it still gets it
    this.#parts = new Parts((part, error) => options.log.error(`${part} could not be stopped: ${error.message}`));
  }

  /**
   * Resolves when all parts have been started: the engine loads its network then, and the broker is being asked.
   *
   * @throws {MinspnetError} when it can't start: the model, the outbox, the settings of the broker, the port
   */
  async start(): Promise<void> {
    const { settings, log, version, board, strictPort } = this.#options;
    const { signal } = this.#stopping;
    log.info(`minspnet ${version} on ${board}`);
    const own =
      settings.mqtt.url === undefined ? new OwnBroker(settings.mqtt.broker, strictPort.broker, log) : undefined;
    if (own !== undefined) await this.#parts.start([own], signal);
    const parts = await this.#assemble(own);
    await this.#parts.start(parts, signal);
  }

  /**
   * Reads the settings again and puts in force what has changed. Wrong ones change nothing; log and health say so.
   *
   * @throws {MinspnetError} why they are refused
   */
  async reload(): Promise<void> {
    await this.#control?.reload();
  }

  /** Ends the open tracks, delivers what the outbox holds, says `offline`. Within 2 s, also while it starts. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#parts.stop(stopMs);
  }

  /** Nothing is opened here, so nothing has to be closed where it fails. */
  async #assemble(own: OwnBroker | undefined): Promise<Part[]> {
    const { settings, log, version, board, reload, measureBoard, redactor, system, healthMs, now, strictPort, early } =
      this.#options;
    const { mqtt, node, outbox } = settings;
    const model = await loadModel(settings.model.path, settings.model.precision, 'detect', modelPlaces(settings));
    const directory = await openStateDirectory(settings.stateDirectory);
    if (await isOpenToAll(directory))
      log.warn(`state     everybody on this machine can look into ${directory}: run chmod o= ${directory}`);
    const adjustmentsPath = join(directory, 'adjustments.json');
    const adjustments = await Adjustments.open(adjustmentsPath, settings.cameras, (error) => log.warn(error.message));
    const configuration = new Configuration(this.#options, model, adjustments, join(directory, 'cache'));
    const secondary = new SecondaryModels(configuration, [modelsIn(directory)], log);
    await secondary.load();
    const feed = new Feed(redactor, (event, error) =>
      log.error(`${event} could not be told: ${error.stack ?? error.message}`),
    );

    const frigate = mqtt.frigateCompatible ? new Frigate(mqtt.frigateTopic) : undefined;
    const publisher = new Publisher({
      mirror: frigate,
      baseTopic: mqtt.baseTopic,
      node,
      broker: brokerAccess(mqtt, own),
      outbox: { directory: join(directory, 'outbox'), maxAgeMs: outbox.maxAgeHours * 3_600_000, ...outbox },
    });
    logFeed(feed, log);
    feed.once('info', () => log.info(`ready     in ${((performance.now() - this.#startedAt) / 1000).toFixed(1)} s`));
    const shown = (url: string) => (own === undefined ? url : `${own.url} (our own; name yours with --mqtt)`);
    const reports = new EngineReports({
      feed,
      log,
      configuration,
      version,
      board,
      finish: (error) => this.#finish(error),
      clipUrl: (track) => clipUrl(track),
    });
    const host = new EngineHost({ settings: configuration.engineSettings, listener: reports, early });
    const updates = new ModelUpdates({
      configuration,
      log,
      directory: modelsIn(directory),
      reload: () => control.reload(),
    });
    const control = new Control({
      updates,
      configuration,
      host,
      feed,
      publisher,
      log,
      lessons: new Lessons({
        configuration,
        host,
        history: () => history,
        stateDirectory: directory,
        signal: this.#stopping.signal,
      }),
      measureBoard,
      analysed: () => reports.analysed,
      read: reload,
    });
    this.#control = control;
    const requests = serveRequests(publisher, control, configuration, redactor, log);
    clearRemovedCameras(publisher, configuration, feed, log);
    const tuneBoard: HttpBackendOptions['tuneBoard'] = (onProgress) =>
      this.#options.tuneBoard(this.#stopping.signal, onProgress);
    const file = new SettingsFile(this.#options.settingsFile, () => control.reload());
    const health = new HealthReporter({
      feed,
      log,
      configuration,
      control,
      host,
      reports,
      publisher,
      requests: requests.counters,
      updates,
      system,
      periodMs: healthMs ?? usualHealthMs,
      now: now ?? (() => performance.now()),
    });
    const kept = { settings: settings.history, directory: join(directory, 'history'), feed, host, reports, log };
    const history = settings.history.enabled
      ? new HistoryIntegration({ ...kept, clockMhz: () => health.clockMhz })
      : undefined;
    const backend = new HttpBackend({
      feed,
      configuration,
      host,
      reports,
      publisher,
      file,
      history,
      control,
      tuneBoard,
      version,
      board,
    });
    const http = settings.http.enabled
      ? new HttpIntegration(settings, strictPort.http, backend, redactor, log)
      : undefined;
    const clipUrl = (track: string) => {
      const { enabled, clips } = settings.history;
      const address = enabled && clips.enabled ? http?.address : undefined;
      return address && `${address}/api/events/${track}/clip.mp4`;
    };
    const announced = { publisher, feed, configuration, version, board, system };
    return [
      new FormerAnnouncements(join(directory, 'announced.json'), publisher, configuration, log, feed),
      new MqttIntegration(publisher, feed, configuration, log, shown),
      ...(mqtt.homeAssistant.enabled ? [new HomeAssistantIntegration(announced)] : []),
      ...(frigate ? [new FrigateIntegration(frigate, publisher, requests, feed, configuration, version)] : []),
      ...(history ? [history] : []),
      host,
      secondary.watch(host),
      control,
      updates,
      health,
      ...(http ? [http] : []),
      new SystemdIntegration(
        feed,
        () => host.isWell && publisher.isWell,
        () => publisher.counters.connected,
      ),
    ];
  }
}
