import type { Health } from '../contract/health.js';
import type { Geometry, HttpCamera, HttpInfo } from '../contract/http.js';
import type { FeedMessage } from '../contract/live.js';
import type { CameraState, CameraStatus, Info } from '../contract/status.js';
import type { Backend, ShownPicture } from '../http/backend.js';
import { liveFps, liveSize } from '../http/live-pictures.js';
import type { Configuration } from './configuration.js';
import type { EngineHost } from './engine-host.js';
import type { Feed } from './feed.js';

export interface HttpBackendOptions {
  feed: Feed;
  configuration: Configuration;
  host: EngineHost;
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
  #info: Info | undefined;
  #health: Health | undefined;

  constructor(options: HttpBackendOptions) {
    this.#options = options;
    options.feed
      .on('info', (info) => {
        this.#info = info;
        this.#tell({ kind: 'info', info });
      })
      .on('health', (health) => {
        this.#health = health;
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
      .on('observation', (observation) => this.#tell({ kind: 'observation', observation }))
      .on('configured', () => this.#configured());
  }

  info(): HttpInfo {
    const { configuration, version, board } = this.#options;
    return {
      version,
      node: configuration.settings.node,
      board,
      startedAt: this.#startedAt,
      info: this.#info ?? null,
      classes: configuration.model.card.classes,
      firstRun: false,
      settingsFile: null,
      writable: false,
      events: false,
      clips: false,
      live: { maxSize: liveSize, maxFps: liveFps },
    };
  }

  cameras(): HttpCamera[] {
    const { configuration } = this.#options;
    return configuration.cameras.map((name) => ({
      name,
      source: this.#info?.cameras.find((camera) => camera.name === name)?.source ?? '',
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
    const { zones = {}, lines = {}, region } = this.#options.configuration.settings.cameras[camera] ?? {};
    return { zones, lines, masks: {}, region: region ?? null };
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
