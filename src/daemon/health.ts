import type { Health, SensorsHealth } from '../contract/health.js';
import type { Reading } from '../device/reading.js';
import { type SensorReadings, Sensors } from '../device/sensors.js';
import type { System } from '../device/system.js';
import type { Publisher } from '../mqtt/publisher.js';
import type { RequestCounters } from '../mqtt/request-server.js';
import type { Configuration } from './configuration.js';
import type { Control } from './control.js';
import type { EngineHost } from './engine-host.js';
import type { EngineReports } from './engine-reports.js';
import type { Feed } from './feed.js';
import { Governing } from './governing.js';
import type { Log } from './log.js';
import type { ModelUpdates } from './model-updates.js';
import type { Part } from './parts.js';
import { every } from './periodic.js';

export interface HealthOptions {
  feed: Feed;
  log: Log;
  configuration: Configuration;
  control: Control;
  host: EngineHost;
  reports: EngineReports;
  publisher: Publisher;
  requests: RequestCounters;
  updates: ModelUpdates;
  /** What the sensors are read from. */
  system: System | undefined;
  periodMs: number;
  /** The governor's clock, milliseconds that only ever go up. */
  now: () => number;
}

/** Looks at the board and at all that the daemon does, governs the cameras by it, and tells of it. */
export class HealthReporter implements Part {
  readonly name = 'health';
  readonly #startedAt = performance.now();
  #end = () => {};
  #governing: Governing | undefined;
  /** Of the fastest core, as it was seen last; null: nobody says. */
  clockMhz: number | null = null;

  constructor(private readonly options: HealthOptions) {}

  async start(signal: AbortSignal): Promise<void> {
    const sensors = await Sensors.find(this.options.system);
    if (signal.aborted) return;
    // A sensor that hangs makes health late, but not more of it: no two looks overlap.
    this.#end = every(this.options.periodMs, () => this.#report(sensors), this.options.log, this.name);
  }

  stop(): void {
    this.#end();
  }

  async #report(board: Sensors): Promise<void> {
    const { feed, configuration, host, reports, publisher, requests, updates } = this.options;
    const readings = await board.read();
    const clocks = readings.clocks.flatMap(({ current }) => current.value ?? []);
    this.clockMhz = clocks.length > 0 ? Math.max(...clocks) : null;
    const sensors = asHealth(readings);
    const governor = await this.#govern(sensors);
    const { waiting, dropped, delivered } = publisher.counters;
    const { provider, input, heartbeat } = reports;
    const { state: modelUpdate } = updates;
    const health: Health = {
      at: new Date().toISOString(),
      uptimeSeconds: Math.round((performance.now() - this.#startedAt) / 1000),
      engine: {
        state: host.state,
        restarts: host.restarts,
        rssBytes: heartbeat.rssBytes,
        ...(provider && { provider }),
        ...(input && { input }),
      },
      daemon: { rssBytes: process.memoryUsage.rss() },
      outbox: { waiting, dropped, delivered },
      requests: { ...requests },
      broker: latency(publisher),
      sensors,
      ...(governor && { governor }),
      tuning: configuration.tuning,
      settings: this.options.control.settings.state,
      ...(modelUpdate && { modelUpdate }),
      cameras: { ...heartbeat.cameras, ...setAside(reports.failed) },
    };
    feed.emit('health', health);
  }

  async #govern(sensors: SensorsHealth): Promise<Health['governor']> {
    const { configuration, control, host, reports, log, now } = this.options;
    if (host.state !== 'ready') return undefined;
    this.#governing = Governing.of(this.#governing, configuration, control, log);
    return this.#governing?.next(sensors, reports.heartbeat, now());
  }
}

/** The health of cameras that no engine looks at, by name; each with its reason. */
function setAside(failed: ReadonlyMap<string, string>): Health['cameras'] {
  const nothing = {
    ...{ fps: 0, frames: 0, still: 0, skipped: 0, decodeErrors: 0, snapshotErrors: 0, stalls: 0, reconnects: 0 },
    ...{ losses: {}, clockJumps: 0, tracks: 0, background: 0, inferenceMs: null, input: null, waitP99Ms: null },
  };
  return Object.fromEntries([...failed].map(([camera, reason]) => [camera, { ...nothing, state: 'failed', reason }]));
}

/** The board's sensors as health tells of them. */
function asHealth({ throttling, gpu, ...rest }: SensorReadings): SensorsHealth {
  const { temperature, power, underVoltage, fan, powerMode } = rest;
  // The firmware slows the chip down now, whatever for.
  const now = throttling.value?.now;
  const isThrottled = now ? now.throttled || now.frequencyCapped || now.softTemperatureLimit : null;
  return {
    temperature: rounded(temperature),
    power: rounded(power),
    throttled: { ...throttling, value: isThrottled },
    underVoltage,
    fan: rounded(fan),
    powerMode,
    gpuClock: rounded(gpu.clock),
    gpuLoad: rounded(gpu.load),
  };
}

function rounded(reading: Reading): Reading {
  return { ...reading, value: reading.value && round(reading.value) };
}

function latency(publisher: Publisher): Health['broker'] {
  const taken = publisher.takeLatency();
  return taken === undefined ? null : { medianMs: round(taken.medianMs), worstMs: round(taken.worstMs) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
