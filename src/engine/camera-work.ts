import { sourceKind } from '../config/address.js';
import type { CameraSettings, EventSettings, Settings } from '../config/schema.js';
import type { InputOptions } from '../pipeline/capture/input-size.js';
import type { PacketRingOptions } from '../pipeline/capture/packet-ring.js';
import type { SceneOptions } from '../pipeline/scene.js';
import type { CameraAdjustment } from './protocol.js';

/** What a camera does, and all that can be changed of it while it runs. */
export interface CameraWork {
  settings: CameraSettings;
  events: EventSettings;
  /** The whole picture goes with each snapshot. */
  keepPictures?: boolean | undefined;
  /** The newest video is kept, for clips. */
  clips?: PacketRingOptions | undefined;
  /** What its card says that scores are worth. */
  model: SceneOptions['model'];
  /** What was changed since the settings were written. */
  adjustment: CameraAdjustment;
  input: InputOptions;
  /** What is asked of objects besides their class. */
  classifiers?: Settings['classifiers'] | undefined;
}

/** What its capture thread is made with: with something else it has to be opened anew. */
export function ofSource({ settings, events, clips }: CameraWork) {
  const { zones, lines, masks, states, segmenter, classes, minScore, fps, ...source } = settings;
  return { source, snapshot: events.snapshot, clips };
}

/** Pictures analysed a second, at most. */
export function fpsOf({ adjustment, settings }: CameraWork): number {
  return adjustment.fps ?? settings.fps;
}

/** From one picture to the next, milliseconds; a file that is played as fast as possible waits for the network. */
export function periodMsOf(work: CameraWork): number {
  const { source, pace } = work.settings;
  return pace === 'max' && sourceKind(source) === 'file' ? Number.POSITIVE_INFINITY : 1000 / fpsOf(work);
}
