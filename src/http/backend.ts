import type { EventRecord } from '../contract/event-record.js';
import type { Explanation } from '../contract/explanation.js';
import type { Health } from '../contract/health.js';
import type {
  Counts,
  EventQuery,
  FirstRun,
  Geometry,
  Heatmap,
  HttpCamera,
  HttpEvents,
  HttpInfo,
  HttpSettings,
  Saved,
  Series,
  SettingsChange,
} from '../contract/http.js';
import type { FeedMessage, LiveFrame } from '../contract/live.js';
import type { Measures } from './metrics/measures.js';

/** A picture with what was found in it. */
export interface ShownPicture {
  jpeg: Uint8Array;
  /** `number` is the viewer's. */
  frame: Omit<LiveFrame, 'number'>;
}

/** What is kept of the past. */
export interface HistoryBackend {
  list(query: EventQuery): HttpEvents;
  find(id: string): EventRecord | undefined;
  /** The path of a file of an event. */
  fileOf(id: string, kind: 'snapshot' | 'picture' | 'clip'): string | undefined;
  series(span: 'hour' | 'day'): Series;
  counts(query: HoursQuery): Promise<Counts>;
  heatmap(query: HoursQuery): Promise<Heatmap>;
}

/** UTC, milliseconds; hours of the day. */
export interface HoursQuery {
  camera?: string | undefined;
  class?: string | undefined;
  fromMs: number;
  toMs: number;
  hourFrom?: number | undefined;
  hourTo?: number | undefined;
}

/** What the server asks of the daemon. All of it fails with a `MinspnetError`. */
export interface Backend {
  /** Undefined where nothing is kept. */
  readonly history: HistoryBackend | undefined;
  info(): HttpInfo;
  cameras(): HttpCamera[];
  /** Null before the first look at the board. */
  health(): Health | null;
  /** Why the board does not do its work now; undefined if it does. */
  notReady(): string | undefined;
  /** The next picture of a camera that is looked at; costs nothing where nobody asks. */
  show(camera: string, maxSize: number): Promise<ShownPicture>;
  /** What a camera saw in the last seconds, and why it was told or not. */
  explain(camera: string, seconds: number): Promise<Explanation>;
  settings(): HttpSettings;
  changeSettings(change: SettingsChange): Promise<Saved>;
  saveGeometry(camera: string, geometry: Geometry): Promise<Saved>;
  firstRun(wish: FirstRun): Promise<Saved>;
  /** For the metrics. */
  measures(): Measures;
  /** What somebody who comes now has to know. */
  present(): FeedMessage[];
  /** @returns ends it */
  listen(listener: (message: FeedMessage) => void): () => void;
}
