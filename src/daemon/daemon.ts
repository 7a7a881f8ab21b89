import { join } from 'node:path';
import { maskUrl } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { type MinspnetError, SourceError } from '../contract/errors.js';
import type { GovernorHealth, Health, SensorsHealth, TuningHealth } from '../contract/health.js';
import { modelOn, type VerifiedModel } from '../contract/model-card.js';
import type { CameraSettingsState } from '../contract/request.js';
import { contractVersion } from '../contract/status.js';
import type { System } from '../device/system.js';
import type { EngineFacts, FromEngine } from '../engine/protocol.js';
import { loadModel } from '../model/load.js';
import { EmbeddedBroker } from '../mqtt/embedded-broker.js';
import { HomeAssistant } from '../mqtt/home-assistant.js';
import type { Latency } from '../mqtt/in-flight.js';
import { Publisher, type PublisherOptions } from '../mqtt/publisher.js';
import { RequestServer } from '../mqtt/request-server.js';
import { clearStaleCameras } from '../mqtt/stale-cameras.js';
import { Adjustments } from './adjustments.js';
import { Benchmarking, type MeasureBoard } from './benchmarking.js';
import { BoardSensors } from './board-sensors.js';
import { Control } from './control.js';
import { describeEvent } from './describe-event.js';
import { EngineHost, type EngineListener } from './engine-host.js';
import { FrigateMirror } from './frigate-mirror.js';
import { analysed, type EngineUse, Governing } from './governing.js';
import type { Log } from './log.js';
import { SystemdNotifier } from './sd-notify.js';
import { openStateDirectory } from './state-directory.js';

/** Settings with what `minspnet tune` chose put in. */
export interface TunedSettings {
  settings: Settings;
  tuning: TuningHealth;
}

export interface DaemonOptions extends TunedSettings {
  /** Reads the settings again, for whoever asks for it. */
  reload: () => Promise<TunedSettings>;
  measureBoard: MeasureBoard;
  /** Our own broker's port was asked for by name, so no other will do. */
  strictPort: boolean;
  version: string;
  /** What this board is called. */
  board: string;
  log: Log;
  /** What the sensors are read from; another one only in tests. */
  system?: System;
  /** How often they are read and health is told, milliseconds. */
  healthMs?: number;
  /** The governor's clock, milliseconds that only ever go up; a faster one only in tests. */
  now?: () => number;
}

const usualHealthMs = 5000;

/** SIGTERM to exit within 2 s: what the engine may take of it, and what the broker may. Milliseconds. */
const stopEngineMs = 700;
const stopPublisherMs = 600;

/** Everything that must not die, put together: the outbox and MQTT, the engine's keeper, health, systemd. */
export class Daemon {
  /** Resolves when there is nothing left to do: all cameras have ended. Rejects when the daemon can't go on. */
  readonly finished: Promise<void>;
  #finish: { well: () => void; badly: (error: MinspnetError) => void } = { well: () => {}, badly: () => {} };
  readonly #startedAt = performance.now();
  readonly #systemd = new SystemdNotifier();
  /** The cameras whose source has ended, each with its error if that is why. */
  readonly #ended = new Map<string, SourceError | undefined>();
  /** The last state and reason of each camera that went to the log. */
  readonly #logged = new Map<string, string>();
  #host: EngineHost | undefined;
  #broker: EmbeddedBroker | undefined;
  #publisher: Publisher | undefined;
  #control: Control | undefined;
  #requests: RequestServer | undefined;
  readonly #benchmarking: Benchmarking;
  #homeAssistant: HomeAssistant | undefined;
  #frigate: FrigateMirror | undefined;
  /** Retained topics of cameras that are no more have yet to be looked for. */
  #staleDue = true;
  #engine: EngineUse & { rssBytes: number } = { rssBytes: 0, cpuSeconds: 0, cameras: {} };
  #governing: Governing | undefined;
  #sensors: BoardSensors | undefined;
  #provider: EngineFacts['provider'] | undefined;
  #healthTimer: NodeJS.Timeout | undefined;
  #readingSensors = false;
  #lastSensors: SensorsHealth | undefined;
  #wasReady = false;
  #starting: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(private readonly options: DaemonOptions) {
    this.finished = new Promise((well, badly) => {
      this.#finish = { well, badly };
    });
    this.finished.catch(() => {}); // whoever awaits it still gets it
    this.#benchmarking = new Benchmarking(options.measureBoard, () => analysed(this.#engine.cameras));
  }

  /**
   * Resolves when events can flow: the broker has answered or is waited for, the network is loaded, capture begins.
   *
   * @throws {MinspnetError} when it can't start: the model, the outbox, the broker, the port
   */
  async start(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    const { settings, log, version, board } = this.options;
    log.info(`minspnet ${version} on ${board}`);
    const model = await loadModel(settings.model.path, settings.model.precision);
    const directory = await openStateDirectory(settings.stateDirectory);
    const publisher = this.#createPublisher(await this.#brokerOptions(), directory);
    this.#publisher = publisher;
    const control = await this.#createControl(publisher, model, directory);
    this.#control = control;
    this.#requests = this.#createRequests(publisher, control);
    if (settings.mqtt.homeAssistant.enabled) {
      this.#homeAssistant = new HomeAssistant(publisher, settings.mqtt.homeAssistant.prefix);
    }
    this.#frigate?.start(publisher, this.#requests);
    if (!this.#stopping) await publisher.start();
    if (this.#stopping) return;
    this.#host = this.#createHost(control);
    control.host = this.#host;
    this.#host.start();
    this.#systemd.starting(); // the host sees to it that this ends
    this.#sensors = await BoardSensors.find(this.options.system);
    this.#healthTimer = setInterval(() => void this.#publishHealth(), this.options.healthMs ?? usualHealthMs);
    // Home Assistant is told which sensors there are; one that hangs makes that late, not the start.
    void this.#publishHealth().then(() => this.#announce());
  }

  /** Ends the open tracks, delivers what the outbox holds, says `offline`. Within 2 s, also while it starts. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#systemd.stopping();
    clearInterval(this.#healthTimer);
    await this.#benchmarking.stop();
    await this.#host?.stop(stopEngineMs);
    this.#frigate?.stop();
    await this.#publisher?.stop({ timeoutMs: stopPublisherMs });
    await this.#starting.catch(() => {}); // whoever started it has that error
    await this.#broker?.stop();
  }

  /** The broker of the settings, or our own, started. */
  async #brokerOptions(): Promise<PublisherOptions['broker']> {
    const { mqtt } = this.options.settings;
    const { url, fallbackUrls, username, password, tls, keepAliveSeconds } = mqtt;
    const common = { connectMs: mqtt.connectSeconds * 1000, keepAliveSeconds };
    if (url !== undefined) return { ...common, url, fallbackUrls, username, password, tls };
    const broker = new EmbeddedBroker({ ...mqtt.broker, strict: this.options.strictPort });
    broker.on('warning', (error) => this.options.log.warn(error.message));
    await broker.start();
    this.#broker = broker;
    return { ...common, url: broker.localUrl, username: mqtt.broker.username, password: mqtt.broker.password };
  }

  #createPublisher(broker: PublisherOptions['broker'], directory: string): Publisher {
    const { settings, log } = this.options;
    const { mqtt, node, outbox } = settings;
    if (mqtt.frigateCompatible) this.#frigate = new FrigateMirror(mqtt.frigateTopic);
    const publisher = new Publisher({
      mirror: this.#frigate?.words,
      baseTopic: mqtt.baseTopic,
      node,
      broker,
      outbox: { directory: join(directory, 'outbox'), maxAgeMs: outbox.maxAgeHours * 3_600_000, ...outbox },
    });
    const whose = this.#broker === undefined ? '' : ' (our own; name yours with --mqtt)';
    publisher.on('connected', (url) => {
      log.info(`mqtt      ${this.#broker?.url ?? url}${whose}, topics ${mqtt.baseTopic}/${node}/#`);
    });
    const seconds = (ms: number) => (ms / 1000).toFixed(1);
    publisher.on('away', (error, retryMs) => log.warn(`${error.message} (next attempt in ${seconds(retryMs)} s)`));
    publisher.on('refused', (error, retryMs) => log.error(`${error.message} (next attempt in ${seconds(retryMs)} s)`));
    publisher.on('connected', () => void this.#clearStale());
    publisher.on('drained', (delivered) => log.info(`mqtt      ${delivered} events that waited have been delivered`));
    publisher.on('warning', (error) => log.warn(error.message));
    publisher.on('recovered', () => log.info('outbox    the disk takes events again'));
    return publisher;
  }

  async #createControl(publisher: Publisher, model: VerifiedModel, directory: string): Promise<Control> {
    const { settings, tuning, log, reload } = this.options;
    const path = join(directory, 'adjustments.json');
    const adjustments = await Adjustments.open(path, settings.cameras, (error) => log.warn(error.message));
    const changed = () => this.#changed();
    const adjusted = (now: CameraSettingsState) => this.#frigate?.settings(now);
    return new Control({
      settings,
      tuning,
      model,
      adjustments,
      publisher,
      benchmarking: this.#benchmarking,
      reload,
      adjusted,
      changed,
      cacheDirectory: join(directory, 'cache'),
    });
  }

  #createRequests(publisher: Publisher, control: Control): RequestServer {
    const { mqtt, requests: switches } = this.options.settings;
    const { topics } = publisher;
    const own = `${mqtt.baseTopic}/`;
    const closed = [own, `${mqtt.homeAssistant.prefix}/`, `${mqtt.frigateTopic}/`];
    const requests = new RequestServer({
      topics,
      isOn: (name) => switches[name],
      perSecond: switches.perSecond,
      handlers: control,
      say: (topic, payload, options) => publisher.say(topic, payload, options),
      // Nobody shall speak in our name through us.
      mayAnswerAt: (topic) =>
        topic.startsWith(topics.response('')) || !closed.some((beginning) => topic.startsWith(beginning)),
    });
    requests.on('warning', (error) => this.options.log.error(`a request failed, a bug of ours: ${error.message}`));
    publisher.subscribe(topics.filter('request'));
    publisher.on('message', (message) => {
      if (requests.accepts(message.topic)) void requests.receive(message);
    });
    return requests;
  }

  /** Another engine runs other settings or another model from now on. */
  #changed(): void {
    this.#ended.clear();
    this.#staleDue = true;
    this.#announce();
  }

  /** Tells what is adjustable, tells Home Assistant what there is, and takes away what is no more. */
  #announce(): void {
    const control = this.#control;
    if (control === undefined) return;
    const { version, board } = this.options;
    const { cameras, node, mqtt, requests, limits } = control.settings;
    for (const camera of Object.keys(cameras)) {
      const adjustable = control.cameraSettings(camera);
      this.#publisher?.cameraSettings(adjustable);
      this.#frigate?.settings(adjustable);
    }
    if (this.#lastSensors !== undefined) {
      this.#homeAssistant?.announce({
        base: mqtt.baseTopic,
        node,
        version,
        board,
        classes: control.model.card.classes,
        cameras,
        sensors: this.#lastSensors,
        governed: Object.keys(limits).length > 0,
        isOn: (name) => requests[name],
      });
    }
    void this.#clearStale();
  }

  async #clearStale(): Promise<void> {
    const control = this.#control;
    const publisher = this.#publisher;
    if (!this.#staleDue || control === undefined || publisher === undefined || !publisher.counters.connected) return;
    this.#staleDue = false;
    const { cameras, node, mqtt } = control.settings;
    const stale = await clearStaleCameras(publisher, publisher.topics, mqtt.baseTopic, Object.keys(cameras));
    if (stale === undefined) {
      this.#staleDue = true; // the next session looks again
      return;
    }
    for (const camera of stale) {
      this.#homeAssistant?.removeCamera(mqtt.baseTopic, node, camera);
      void this.#frigate?.removeCamera(camera);
      this.options.log.info(`camera    ${camera} is in the settings no more: its topics are cleared`);
    }
  }

  #createHost(control: Control): EngineHost {
    return new EngineHost({
      settings: control.engineSettings,
      listener: {
        ready: ({ provider }) => this.#engineReady(control, provider),
        message: (message) => this.#receive(message),
        lost: (reason) => this.options.log.error(`${reason}; another one is started`),
        gaveUp: (error) => this.#finish.badly(error),
      },
    });
  }

  #engineReady({ model: verified, settings }: Control, provider: EngineFacts['provider']): void {
    const { card, precision, sha256 } = modelOn(verified, provider.active);
    const { log, version, board } = this.options;
    const model = { name: card.name, version: card.version, precision, sha256 };
    const library = provider.library === undefined ? '' : ` of ${provider.library}`;
    log.info(`model     ${model.name} ${model.version} ${model.precision}, provider ${provider.active}${library}`);
    if (provider.reason !== undefined) log.warn(`provider  ${provider.requested} was asked for; ${provider.reason}`);
    this.#provider = provider;
    this.#publisher?.info({
      contractVersion,
      version,
      node: settings.node,
      board,
      model,
      provider,
      cameras: Object.entries(settings.cameras).map(([name, { source }]) => ({ name, source: maskUrl(source) })),
    });
    if (this.#wasReady) return;
    this.#wasReady = true;
    log.info(`ready     in ${((performance.now() - this.#startedAt) / 1000).toFixed(1)} s`);
    void this.#systemd.ready(() => this.#host?.state !== 'stopped');
  }

  #receive(message: Parameters<EngineListener['message']>[0]): void {
    switch (message.kind) {
      case 'snapshot':
        this.#publisher?.snapshot(message.snapshot);
        break;
      case 'observation':
        this.#publisher?.observation(message.observation);
        this.options.log.info(`event     ${describeEvent(message.observation)}`);
        break;
      case 'detections':
        this.#publisher?.detections(message.detections);
        break;
      case 'state':
        this.#publisher?.cameraState(message.state);
        this.#frigate?.state(message.state, this.#control);
        break;
      case 'capture':
        this.#captureChanged(message);
        break;
      case 'heartbeat':
        this.#engine = message;
        break;
    }
  }

  #captureChanged(change: Extract<FromEngine, { kind: 'capture' }>): void {
    const { camera, state, reason, attempts, retryMs, error } = change;
    const at = new Date().toISOString();
    const retry = retryMs !== undefined && { retryMs };
    this.#publisher?.cameraStatus({
      camera,
      state,
      reason,
      attempts,
      ...retry,
      ...(error && { code: error.code }),
      at,
    });
    this.#logCapture(change);
    if (state !== 'ended') this.#ended.delete(camera);
    if (state !== 'ended') return;
    this.#ended.set(camera, error && new SourceError(error.code, error.exit, error.message));
    if (this.#ended.size < Object.keys((this.#control ?? this.options).settings.cameras).length) return;
    const failed = [...this.#ended.values()].find((failure) => failure !== undefined);
    if (failed === undefined) this.#finish.well();
    else this.#finish.badly(failed);
  }

  /** A camera that is off for a day is tried thousands of times: in the log stands each new reason, and every 100th. */
  #logCapture({ camera, state, reason, attempts, retryMs, error }: Extract<FromEngine, { kind: 'capture' }>): void {
    const retry = retryMs === undefined ? '' : ` Next attempt in ${(retryMs / 1000).toFixed(1)} s.`;
    const line = `camera    ${camera}: ${state}, ${reason}${retry}`;
    const isNews = this.#logged.get(camera) !== `${state} ${reason}` || attempts % 100 === 0;
    this.#logged.set(camera, `${state} ${reason}`);
    if (!isNews) this.options.log.debug(line);
    else if (error !== undefined) this.options.log.error(line);
    else if (state === 'stalled') this.options.log.warn(line);
    else this.options.log.info(line);
  }

  async #govern(sensors: SensorsHealth): Promise<GovernorHealth | undefined> {
    const control = this.#control;
    if (control === undefined || this.#host?.state !== 'ready') return undefined;
    if (!this.#governing?.holds(control.settings.limits)) this.#governing = Governing.of(control, this.options.log);
    return this.#governing?.next(sensors, this.#engine, this.options.now?.() ?? performance.now());
  }

  /** A sensor that hangs makes health late, but not more of it. */
  async #publishHealth(): Promise<void> {
    const host = this.#host;
    if (host === undefined || this.#sensors === undefined || this.#readingSensors) return;
    this.#readingSensors = true;
    const sensors = await this.#sensors.read();
    this.#lastSensors = sensors;
    const governor = await this.#govern(sensors);
    this.#readingSensors = false;
    const { waiting = 0, dropped = 0, delivered = 0 } = this.#publisher?.counters ?? {};
    const health: Health = {
      at: new Date().toISOString(),
      uptimeSeconds: Math.round((performance.now() - this.#startedAt) / 1000),
      engine: {
        state: host.state,
        restarts: host.restarts,
        rssBytes: this.#engine.rssBytes,
        ...(this.#provider && { provider: this.#provider }),
      },
      daemon: { rssBytes: process.memoryUsage.rss() },
      outbox: { waiting, dropped, delivered },
      requests: { ...(this.#requests?.counters ?? { done: 0, failed: 0, refused: 0 }) },
      broker: rounded(this.#publisher?.takeLatency()),
      sensors,
      ...(governor && { governor }),
      tuning: (this.#control ?? this.options).tuning,
      cameras: this.#engine.cameras,
    };
    this.#publisher?.health(health);
    this.#frigate?.health(health, this.options.version);
  }
}

function rounded(latency: Latency | undefined): Health['broker'] {
  if (latency === undefined) return null;
  const round = (ms: number) => Math.round(ms * 100) / 100;
  return { medianMs: round(latency.medianMs), worstMs: round(latency.worstMs) };
}
