import type { CameraSettings } from '../../src/config/schema.js';
import type { Detection } from '../../src/contract/detection.js';
import type { Observation } from '../../src/contract/event.js';
import type { CameraState } from '../../src/contract/status.js';
import { Scene, type SceneOptions, type SceneReport } from '../../src/pipeline/scene.js';
import type { Shot } from '../../src/pipeline/track-events.js';
import type { CaptureTime } from '../../src/timing/monotonic.js';
import { cameraSettings } from '../support/settings.js';
import { type Actor, detect } from './track/actors.js';

export const utcAtStart = Date.UTC(2026, 10, 24, 12);

export function timeOf(seconds: number): CaptureTime {
  return { monotonicMs: 5_000_000 + seconds * 1000, utcMs: utcAtStart + Math.round(seconds * 1000) };
}

export function sceneOptions(settings: Partial<CameraSettings> = {}): SceneOptions {
  return {
    camera: 'street',
    runId: 'a1',
    settings: cameraSettings(settings),
    events: {
      updateSeconds: 2,
      detections: false,
      snapshot: { quality: 80, maxSize: 640, maxBytes: 1e6, drawBox: false },
    },
    model: { minScore: 0.4 },
  };
}

export function makeScene(settings: Partial<CameraSettings> = {}, options: Partial<SceneOptions> = {}): Scene {
  return new Scene({ ...sceneOptions(settings), ...options });
}

/** Everything that a scene has told, in order. */
export class Transcript {
  readonly observations: Observation[] = [];
  readonly shots: Shot[] = [];
  readonly states: CameraState[] = [];

  add({ observations, shots, state }: SceneReport): void {
    this.observations.push(...observations);
    this.shots.push(...shots);
    if (state) this.states.push(state);
  }

  /** Types in order, of one track where an id is given. */
  types(id?: string): string[] {
    return this.observations.filter((o) => id === undefined || o.id === id).map(({ type }) => type);
  }

  of<T extends Observation['type']>(type: T): Extract<Observation, { type: T }>[] {
    return this.observations.filter((o): o is Extract<Observation, { type: T }> => o.type === type);
  }
}

export interface Play {
  actors: readonly Actor[];
  seconds: number;
  fps?: number;
  alter?: (detections: Detection[], frame: number) => Detection[];
}

/** Plays the actors before the scene, then ends it as a source does. */
export function play(scene: Scene, { actors, seconds, fps = 10, alter = (d) => d }: Play): Transcript {
  const record = new Transcript();
  let frame = 0;
  for (; frame / fps <= seconds; frame++) {
    record.add(scene.observe(alter(detect(actors, frame / fps), frame), timeOf(frame / fps)));
  }
  record.add(scene.end('source-ended', timeOf(frame / fps)));
  return record;
}
