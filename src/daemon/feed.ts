import { EventEmitter } from 'node:events';
import type { Redactor } from '../config/mask.js';
import type { Detections } from '../contract/detection.js';
import { asMinspnetError, type MinspnetError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import type { EventRecord } from '../contract/event-record.js';
import type { Health } from '../contract/health.js';
import type { Feet } from '../contract/heat.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { CameraState, CameraStatus, Info, RegionState } from '../contract/status.js';
import type { TrackSnapshot } from '../engine/protocol.js';

/** All that the daemon knows and tells, whoever it is told to. */
export interface FeedEvents {
  /** An engine is ready. */
  info: [info: Info];
  /** Of a track; always before the observation that it belongs to. */
  snapshot: [snapshot: TrackSnapshot];
  observation: [observation: Observation];
  detections: [detections: Detections];
  cameraState: [state: CameraState];
  cameraStatus: [status: CameraStatus];
  regionState: [state: RegionState];
  cameraSettings: [settings: CameraSettingsState];
  health: [health: Health];
  /** An event of the list is new or has changed. */
  record: [record: EventRecord];
  /** Where the objects of a camera stood since the last time. */
  feet: [camera: string, feet: Feet];
  /** The settings are being read again. */
  reloading: [];
  /** They are in force, or were refused. */
  reloaded: [];
  /** Other settings or another model are in force. */
  configured: [];
  /** The broker still had topics of a camera that the settings don't name; they are being cleared. */
  cameraRemoved: [camera: string];
}

/** What quotes the words of others: of libraries, cameras, sensors, the settings. */
const withTexts: ReadonlySet<keyof FeedEvents> = new Set(['info', 'cameraStatus', 'health']);

/** Brings what the daemon knows to its integrations. One that throws keeps nothing from the others. */
export class Feed {
  readonly #emitter = new EventEmitter<FeedEvents>();

  /**
   * @param redactor takes what is secret out of the texts that are told
   * @param failed is told what a listener has thrown
   */
  constructor(
    private readonly redactor: Redactor,
    private readonly failed: (event: string, error: MinspnetError) => void,
  ) {}

  on<Name extends keyof FeedEvents>(name: Name, listener: (...values: FeedEvents[Name]) => void): this {
    this.#emitter.on(name, this.#guarded(name, listener) as never);
    return this;
  }

  once<Name extends keyof FeedEvents>(name: Name, listener: (...values: FeedEvents[Name]) => void): this {
    this.#emitter.once(name, this.#guarded(name, listener) as never);
    return this;
  }

  emit<Name extends keyof FeedEvents>(name: Name, ...values: FeedEvents[Name]): void {
    const told = withTexts.has(name) ? this.redactor.redactAll(values) : values;
    this.#emitter.emit(name, ...(told as never));
  }

  #guarded<Values extends unknown[]>(name: string, listener: (...values: Values) => void) {
    return (...values: Values) => {
      try {
        listener(...values);
      } catch (error) {
        this.failed(name, asMinspnetError(error));
      }
    };
  }
}
