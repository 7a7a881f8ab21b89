import type { EventRecord } from '../contract/event-record.js';
import type { Explanation } from '../contract/explanation.js';
import type { Point } from '../contract/geometry.js';
import type { Health } from '../contract/health.js';
import type { HoursQuery } from '../contract/heat.js';
import type {
  BrokerTest,
  Counts,
  Discovery,
  DiscoveryLogin,
  EventQuery,
  FirstRun,
  Geometry,
  Heatmap,
  HttpCamera,
  HttpEvents,
  HttpInfo,
  HttpSettings,
  HttpTask,
  NewBroker,
  NewCamera,
  Saved,
  Series,
  SettingsChange,
} from '../contract/http.js';
import type { FeedMessage, LiveFrame } from '../contract/live.js';
import type { RequestName } from '../contract/request.js';
import type { Measures } from './metrics/measures.js';

/** A picture with what was found in it. */
export interface ShownPicture {
  jpeg: Uint8Array;
  /** `number` is the viewer's. */
  frame: Omit<LiveFrame, 'number'>;
}

/** What takes minutes. */
export const taskNames = ['benchmark', 'tune'] as const;
export type TaskName = (typeof taskNames)[number];

/** What is kept of the past. */
export interface HistoryBackend {
  list(query: EventQuery): HttpEvents;
  find(id: string): EventRecord | undefined;
  /** The path of a file of an event. */
  fileOf(id: string, kind: 'snapshot' | 'picture' | 'clip'): Promise<string | undefined>;
  series(span: 'hour' | 'day'): Series;
  counts(query: HoursQuery): Promise<Counts>;
  heatmap(query: HoursQuery): Promise<Heatmap>;
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
  /** @param place what was seen there alone, as fractions of the picture */
  explain(camera: string, seconds: number, place?: Point): Promise<Explanation>;
  discover(login: DiscoveryLogin): Promise<Discovery>;
  /** A picture of a source that is not among the cameras, JPEG. */
  testSource(camera: NewCamera): Promise<Uint8Array>;
  testBroker(broker: NewBroker): Promise<BrokerTest>;
  /** Begins to measure the board; one at a time. */
  startTask(name: TaskName): HttpTask;
  task(name: TaskName): HttpTask;
  /** What can be asked for over MQTT, as there. */
  request(name: RequestName, needs: unknown): Promise<unknown>;
  settings(): HttpSettings;
  /** @param revision of the file that it was made from; both fail with ERR_CONFIG_CHANGED where it is another by now */
  changeSettings(change: SettingsChange, revision?: string): Promise<Saved>;
  saveGeometry(camera: string, geometry: Geometry, revision?: string): Promise<Saved>;
  firstRun(wish: FirstRun): Promise<Saved>;
  /** For the metrics. */
  measures(): Measures;
  /** What somebody who comes now has to know. */
  present(): FeedMessage[];
  /** @returns ends it */
  listen(listener: (message: FeedMessage) => void): () => void;
}
