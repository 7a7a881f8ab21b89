import type { Explanation } from '../contract/explanation.js';
import type { Health } from '../contract/health.js';
import type {
  FirstRun,
  Geometry,
  HttpCamera,
  HttpInfo,
  HttpSettings,
  Saved,
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

/** What the server asks of the daemon. All of it fails with a `MinspnetError`. */
export interface Backend {
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
