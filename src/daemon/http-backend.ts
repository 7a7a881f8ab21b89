import { describeSource } from '../config/address.js';
import type { SettingsEdit } from '../config/edit.js';
import { maskSettings } from '../config/mask.js';
import { RequestError } from '../contract/errors.js';
import type { Explanation } from '../contract/explanation.js';
import type { Point } from '../contract/geometry.js';
import type { Health } from '../contract/health.js';
import type {
  DiscoveryLogin,
  FirstRun,
  Geometry,
  HttpCamera,
  HttpInfo,
  HttpSettings,
  HttpTask,
  NewBroker,
  NewCamera,
  Saved,
  SettingsChange,
} from '../contract/http.js';
import type { FeedMessage } from '../contract/live.js';
import { isRequestOn, type RequestName } from '../contract/request.js';
import type { CameraState, CameraStatus, Info } from '../contract/status.js';
import type { Backend, ShownPicture, TaskName } from '../http/backend.js';
import { liveFps, liveSize } from '../http/live-pictures.js';
import type { CameraMeasures, Measures } from '../http/metrics/measures.js';
import type { Publisher } from '../mqtt/publisher.js';
import type { Configuration } from './configuration.js';
import type { Control } from './control.js';
import { cameraOf, editable, editsOf, geometryEdits } from './editable.js';
import { EnergyMeter } from './energy-meter.js';
import type { EngineHost } from './engine-host.js';
import type { EngineReports } from './engine-reports.js';
import { EventCounts } from './event-counts.js';
import type { Feed } from './feed.js';
import type { HistoryIntegration } from './integrations/history.js';
import { LongTask } from './long-task.js';
import { SettingUp } from './setting-up.js';
import type { SettingsFile } from './settings-file.js';

export interface HttpBackendOptions {
  feed: Feed;
  configuration: Configuration;
  host: EngineHost;
  reports: EngineReports;
  publisher: Publisher;
  file: SettingsFile;
  history: HistoryIntegration | undefined;
  control: Control;
  /** Finds out how this board runs the model best, and writes that down for the next start. */
  tuneBoard: (onProgress: (progress: HttpTask['progress']) => void) => Promise<unknown>;
  version: string;
  /** What this board is called. */
  board: string;
}

/** What the HTTP server asks of the daemon: the newest of all that is on the feed, and what the engine is asked for. */
export class HttpBackend implements Backend {
  readonly #options: HttpBackendOptions;
  readonly #startedAt = new Date().toISOString();
  readonly #listeners = new Set<(message: FeedMessage) => void>();
  readonly #statuses = new Map<string, CameraStatus>();
  readonly #states = new Map<string, CameraState>();
  readonly #counts = new EventCounts();
  readonly #energy = new EnergyMeter();
  #info: Info | undefined;
  #health: Health | undefined;

  readonly #settingUp: SettingUp;
  readonly #tasks: Record<TaskName, LongTask>;
  readonly history: HistoryIntegration | undefined;

  constructor(options: HttpBackendOptions) {
    this.#options = options;
    this.history = options.history;
    this.#settingUp = new SettingUp(options.configuration);
    const isFree = () => Object.values(this.#tasks).every(({ isRunning }) => !isRunning);
    this.#tasks = {
      benchmark: new LongTask(() => options.control.benchmark(), isFree),
      tune: new LongTask(options.tuneBoard, isFree),
    };
    options.feed
      .on('info', (info) => {
        this.#info = info;
        this.#tell({ kind: 'info', info });
      })
      .on('health', (health) => {
        this.#health = health;
        this.#energy.read(health.sensors.power.value, performance.now());
        this.#tell({ kind: 'health', health });
      })
      .on('cameraStatus', (status) => {
        this.#statuses.set(status.camera, status);
        this.#tell({ kind: 'status', status });
      })
      .on('cameraState', (state) => {
        this.#states.set(state.camera, state);
        this.#tell({ kind: 'state', state });
      })
      .on('cameraSettings', (settings) => this.#tell({ kind: 'settings', settings }))
      .on('observation', (observation) => {
        this.#counts.count(observation);
        this.#tell({ kind: 'observation', observation });
      })
      .on('record', (record) => this.#tell({ kind: 'record', record }))
      .on('configured', () => this.#configured());
  }

  info(): HttpInfo {
    const { configuration, version, board, file } = this.#options;
    return {
      version,
      node: configuration.settings.node,
      board,
      startedAt: this.#startedAt,
      info: this.#info ?? null,
      classes: configuration.model.card.classes,
      firstRun: !file.exists,
      settingsFile: file.path,
      revision: file.revision,
      writable: file.isWritable,
      events: this.history !== undefined,
      clips: this.history !== undefined && configuration.settings.history.clips.enabled,
      live: { maxSize: liveSize, maxFps: liveFps },
    };
  }

  cameras(): HttpCamera[] {
    const { configuration } = this.#options;
    return configuration.cameras.map((name) => ({
      name,
      source: describeSource(configuration.settings.cameras[name]?.source ?? ''),
      status: this.#statuses.get(name) ?? null,
      state: this.#states.get(name) ?? null,
      settings: configuration.cameraSettings(name),
      classes: configuration.settings.cameras[name]?.classes ?? null,
      health: this.#health?.cameras[name] ?? null,
      geometry: this.#geometryOf(name),
    }));
  }

  health(): Health | null {
    return this.#health ?? null;
  }

  notReady(): string | undefined {
    const { state } = this.#options.host;
    return state === 'ready' ? undefined : `the engine is ${state}`;
  }

  async show(camera: string, maxSize: number): Promise<ShownPicture> {
    return await this.#options.host.show(camera, maxSize);
  }

  async explain(camera: string, seconds: number, place?: Point): Promise<Explanation> {
    this.#mustKnow(camera);
    return await this.#options.host.explain(camera, seconds, place);
  }

  discover = (login: DiscoveryLogin) => this.#settingUp.discover(login);
  testSource = (camera: NewCamera) => this.#settingUp.testSource(camera);
  testBroker = (broker: NewBroker) => this.#settingUp.testBroker(broker);
  startTask = (name: TaskName) => this.#tasks[name].start();
  task = (name: TaskName) => this.#tasks[name].state;

  async request(name: RequestName, needs: unknown): Promise<unknown> {
    const { configuration, control } = this.#options;
    if (!isRequestOn(configuration.settings.requests, name)) {
      throw new RequestError('ERR_REQUEST_OFF', 'usage', `the request ${name} is switched off in the settings`);
    }
    return await (control[name] as (needs: unknown) => Promise<unknown>)(needs);
  }

  settings(): HttpSettings {
    const { configuration, file } = this.#options;
    const settings = maskSettings(configuration.settings, file.secrets);
    return { file: file.exists ? file.path : null, settings, editable: [...editable] };
  }

  async changeSettings(change: SettingsChange, revision?: string): Promise<Saved> {
    const edits = editsOf(change);
    const cameras = new Set(
      edits.flatMap(({ path: [root, name, part] }) => (root === 'cameras' && part ? [name] : [])),
    );
    const missing = [...cameras].flatMap((name) => this.#writtenCamera(String(name)));
    return await this.#options.file.save([...missing, ...edits], revision);
  }

  async saveGeometry(camera: string, geometry: Geometry, revision?: string): Promise<Saved> {
    this.#mustKnow(camera);
    const edits = [...this.#writtenCamera(camera), ...geometryEdits(camera, geometry)];
    return await this.#options.file.save(edits, revision);
  }

  async firstRun({ node, cameras, mqtt }: FirstRun): Promise<Saved> {
    const { file } = this.#options;
    if (file.exists) throw new RequestError('ERR_REQUEST_BUSY', 'usage', `there is a settings file: ${file.path}`);
    const all = Object.entries(cameras).map(([name, camera]) => ({ path: ['cameras', name], value: cameraOf(camera) }));
    const edits: SettingsEdit[] = [{ path: ['node'], value: node }, ...all, { path: ['mqtt'], value: mqtt }];
    return await file.save(edits.filter(({ value }) => value !== undefined));
  }

  measures(): Measures {
    const { configuration, host, reports, publisher, version, board } = this.#options;
    const { heartbeat } = reports;
    const isUp = host.state === 'ready';
    const cameras = configuration.cameras.map((name): [string, CameraMeasures] => [
      name,
      {
        live: isUp && this.#statuses.get(name)?.state === 'live',
        health: heartbeat.cameras[name],
        state: this.#states.get(name),
        stages: heartbeat.stages[name],
        events: this.#counts.eventsOf(name),
      },
    ]);
    return {
      version,
      node: configuration.settings.node,
      board,
      startedAt: Date.parse(this.#startedAt) / 1000,
      info: this.#info,
      health: this.#health,
      engine: { up: isUp, restarts: host.restarts, rssBytes: heartbeat.rssBytes, cpuSeconds: heartbeat.cpuSeconds },
      brokerConnected: publisher.counters.connected,
      joules: this.#energy.joules,
      cameras: Object.fromEntries(cameras),
    };
  }

  present(): FeedMessage[] {
    const { configuration } = this.#options;
    return [
      ...(this.#info ? [{ kind: 'info', info: this.#info } as const] : []),
      ...(this.#health ? [{ kind: 'health', health: this.#health } as const] : []),
      ...[...this.#statuses.values()].map((status) => ({ kind: 'status', status }) as const),
      ...[...this.#states.values()].map((state) => ({ kind: 'state', state }) as const),
      ...configuration.cameras.map((camera) => {
        return { kind: 'settings', settings: configuration.cameraSettings(camera) } as const;
      }),
    ];
  }

  listen(listener: (message: FeedMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #geometryOf(camera: string): Geometry {
    const { zones = {}, lines = {}, masks = {}, region } = this.#options.configuration.settings.cameras[camera] ?? {};
    return { zones, lines, masks, region: region ?? null };
  }

  /** A camera that nobody has written down (the demo, or the board's own) is, as soon as something is said of it. */
  #writtenCamera(camera: string): SettingsEdit[] {
    const { configuration, file } = this.#options;
    const settings = configuration.settings.cameras[camera];
    if (settings === undefined || file.gives(['cameras', camera, 'source'])) return [];
    const { source, loop, zones, lines } = settings;
    return [{ path: ['cameras', camera], value: { source, ...(loop && { loop }), zones, lines } }];
  }

  #mustKnow(camera: string): void {
    if (this.#options.configuration.cameras.includes(camera)) return;
    throw new RequestError('ERR_REQUEST_CAMERA', 'usage', `no camera is called "${camera}"`);
  }

  /** Cameras that are no more are told no more. */
  #configured(): void {
    const cameras = new Set(this.#options.configuration.cameras);
    for (const known of [this.#statuses, this.#states]) {
      for (const camera of known.keys()) if (!cameras.has(camera)) known.delete(camera);
    }
    this.#tell({ kind: 'configured' });
  }

  #tell(message: FeedMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}
