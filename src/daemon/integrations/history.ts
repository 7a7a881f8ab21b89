import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistorySettings } from '../../config/history-settings.js';
import type { EventRecord } from '../../contract/event-record.js';
import type { Health } from '../../contract/health.js';
import { type HoursQuery, heatColumns, heatRows } from '../../contract/heat.js';
import type { Counts, Heatmap, HttpEvents, Series } from '../../contract/http.js';
import { type EventFilter, EventStore, type FileKind } from '../../history/event-store.js';
import { Hours } from '../../history/hours.js';
import { SeriesMemory, type Span, spans, sumOfStages } from '../../history/series.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { Clips } from '../clips.js';
import type { EngineHost } from '../engine-host.js';
import type { EngineReports } from '../engine-reports.js';
import type { Feed } from '../feed.js';
import type { Log } from '../log.js';
import type { Part } from '../parts.js';
import { every } from '../periodic.js';

export interface HistoryOptions {
  settings: HistorySettings;
  /** Below the state directory. */
  directory: string;
  feed: Feed;
  host: Pick<EngineHost, 'makeClip'>;
  reports: EngineReports;
  /** The fastest core's clock, MHz; null: nobody says. */
  clockMhz: () => number | null;
  log: Log;
}

const dayMs = 86_400_000;
/** How often the series of the day is written: so much of it a power cut may cost. */
const keepMs = 3_600_000;

/** Keeps what was, for the page: the event list, the series of the last day, counts and heat maps. */
export class HistoryIntegration implements Part {
  readonly name = 'history';
  #store: EventStore | undefined;
  readonly #hours: Hours;
  #series = new SeriesMemory();
  #health: Health | undefined;
  readonly #clips: Clips | undefined;
  #end: (() => void)[] = [];

  constructor(private readonly options: HistoryOptions) {
    const { directory, feed, log, settings } = options;
    const make = this.#makeClip.bind(this);
    this.#clips = settings.clips.enabled ? new Clips({ settings: settings.clips, make, now: monotonicMs }) : undefined;
    this.#hours = new Hours(join(directory, 'hours'), Date.now, (message) => log.warn(message));
    feed
      .on('snapshot', ({ track, jpeg, picture, box }) => {
        this.#store?.addPictures(track, { snapshot: jpeg, ...(picture && { picture }) }, box);
      })
      .on('observation', (observation) => {
        if (observation.type === 'new') this.#hours.count(observation.camera, observation.class);
        const record = this.#store?.observe(observation);
        if (record !== undefined) this.#clips?.observe(observation);
        if (record !== undefined && observation.type !== 'update') feed.emit('record', structuredClone(record));
      })
      .on('feet', (camera, feet) => this.#hours.stood(camera, feet))
      .on('health', (health) => {
        this.#health = health;
      });
  }

  async start(): Promise<void> {
    const { directory, settings, log } = this.options;
    const { maxEvents, maxBytes, maxAgeDays } = settings;
    const warn = (message: string) => log.warn(message);
    const bounds = { maxEvents, maxBytes, maxAgeMs: maxAgeDays * dayMs };
    this.#store = await EventStore.open({ directory: join(directory, 'events'), ...bounds, now: Date.now, warn });
    await this.#hours.open();
    this.#series = new SeriesMemory(await readJson(this.#seriesPath));
    this.#end = [
      every(spans.hour.stepSeconds * 1000, () => this.#measure(), log, this.name),
      every(keepMs, () => this.#keep(), log, this.name),
    ];
  }

  async stop(): Promise<void> {
    for (const end of this.#end) end();
    this.#clips?.stop();
    await this.#hours.flush(true);
    await this.#keep();
    await this.#store?.flush();
  }

  list(filter: EventFilter): HttpEvents {
    return this.#store?.list(filter) ?? { events: [], before: null };
  }

  find(id: string): EventRecord | undefined {
    return this.#store?.find(id);
  }

  async fileOf(id: string, kind: FileKind): Promise<string | undefined> {
    return await this.#store?.fileOf(id, kind);
  }

  series(span: Span): Series {
    return this.#series.read(span, Date.now());
  }

  async counts(query: HoursQuery): Promise<Counts> {
    return { rows: await this.#hours.counts(query) };
  }

  async heatmap(query: HoursQuery): Promise<Heatmap> {
    const cells = await this.#hours.heat(query);
    return { columns: heatColumns, rows: heatRows, cells, max: Math.max(...cells) };
  }

  get #seriesPath(): string {
    return join(this.options.directory, 'series.json');
  }

  /** Never rejects: an event without its clip is one that the camera gave no video of. */
  async #makeClip(camera: string, track: string, fromMs: number, toMs: number): Promise<void> {
    const { host, feed, log } = this.options;
    try {
      const path = this.#store?.clipPath(track);
      if (path === undefined) return;
      await host.makeClip(camera, path, fromMs, toMs);
      const record = await this.#store?.addClip(track);
      if (record !== undefined) feed.emit('record', structuredClone(record));
    } catch (error) {
      log.debug(`clip      of ${track} of ${camera}: ${(error as Error).message}`);
    }
  }

  #measure(): void {
    const { reports, clockMhz } = this.options;
    const { heartbeat } = reports;
    const { user, system } = process.cpuUsage();
    const health = this.#health;
    const cameras = Object.entries(heartbeat.cameras).map(
      ([name, { fps, tracks }]) => [name, { fps, tracks }] as const,
    );
    this.#series.add({
      atMs: Date.now(),
      stages: sumOfStages(Object.values(heartbeat.stages)),
      publishMs: health?.broker?.medianMs ?? null,
      engineCpuSeconds: heartbeat.cpuSeconds,
      daemonCpuSeconds: (user + system) / 1e6,
      engineRssBytes: heartbeat.rssBytes || null,
      daemonRssBytes: process.memoryUsage.rss(),
      temperature: health?.sensors.temperature.value ?? null,
      watts: health?.sensors.power.value ?? null,
      clockMhz: clockMhz(),
      cameras: Object.fromEntries(cameras),
    });
  }

  async #keep(): Promise<void> {
    await this.#hours.flush();
    await writeFile(`${this.#seriesPath}.new`, JSON.stringify(this.#series.keep()));
    await rename(`${this.#seriesPath}.new`, this.#seriesPath);
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // there is none yet, or it was cut off: the charts begin anew
  }
}
