import type { MinspnetError } from '../contract/errors.js';
import type { EngineFacts, EngineSettings, FromEngine } from '../engine/protocol.js';
import type { EarlyEngine } from './engine-process.js';

type NotForListener =
  | 'clip-made'
  | 'ready'
  | 'stopped'
  | 'failed'
  | 'picture'
  | 'explanation'
  | 'configured'
  | 'no-answer'
  | 'building';

/** What an engine says in the course of its work, and what the host adds when one is lost. */
export interface EngineListener {
  /** An engine has begun, or goes on with another model. */
  ready(facts: EngineFacts, restarts: number): void;
  message(message: Exclude<FromEngine, { kind: NotForListener }>): void;
  /** Engines die of that camera's pictures, the last one so; it is tried again, alone, after `retryMs`. */
  setAside(camera: string, how: string, retryMs: number): void;
  /** The engine is gone and will be replaced; its open tracks have been ended by `message`. */
  lost(reason: string): void;
  /** No engine will run: the model is bad, or engines die again and again at their start. */
  gaveUp(error: MinspnetError): void;
}

export interface EngineHostOptions {
  settings: Omit<EngineSettings, 'runId'>;
  listener: EngineListener;
  /** The first engine, where one was launched before its settings were known. */
  early?: EarlyEngine | undefined;
  /** The engine's program; another one only in tests. */
  program?: string;
  /** How long an engine may take until it is ready, milliseconds. */
  startTimeoutMs?: number;
  /** An engine that says nothing for so long hangs, milliseconds. */
  silenceMs?: number;
  /** How often a camera that engines die of is tried again, milliseconds. */
  probeMs?: number;
  /** How long it must live then, milliseconds. */
  soundMs?: number;
  /** Memory that is free, bytes; another one in tests. */
  freeBytes?: () => number;
}
