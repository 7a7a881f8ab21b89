import type { EventType } from '../../contract/event.js';
import type { CameraHealth, Health } from '../../contract/health.js';
import type { PictureStage } from '../../contract/stages.js';
import type { CameraState, Info } from '../../contract/status.js';
import type { DurationCounts } from '../../timing/histogram.js';

/** What the metrics are made of: the newest that the daemon knows. Counters begin anew with each engine or daemon. */
export interface Measures {
  version: string;
  node: string;
  board: string;
  /** Seconds since 1970. */
  startedAt: number;
  info: Info | undefined;
  health: Health | undefined;
  engine: { up: boolean; restarts: number; rssBytes: number; cpuSeconds: number };
  brokerConnected: boolean;
  /** Since the daemon's start, as the board's sensor says; undefined where it has none. */
  joules: number | undefined;
  cameras: Record<string, CameraMeasures>;
}

export interface CameraMeasures {
  /** It gives pictures now. */
  live: boolean;
  health: CameraHealth | undefined;
  state: CameraState | undefined;
  stages: Record<PictureStage, DurationCounts> | undefined;
  /** Since the daemon's start, by class and type. */
  events: { class: string; type: EventType; count: number }[];
}

/** What the server itself has counted. */
export interface ServerMeasures {
  refused: Record<string, number>;
  connections: number;
  webSockets: number;
  /** By camera that somebody has watched. */
  live: Record<string, { viewers: number; sent: number; lost: number }>;
}
