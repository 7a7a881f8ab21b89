import type { HistorySettings } from '../config/history-settings.js';
import type { Observation } from '../contract/event.js';

type ClipSettings = HistorySettings['clips'];

export interface ClipsOptions {
  settings: ClipSettings;
  /** Writes a camera's video between two moments on the monotonic clock, milliseconds. */
  make: (camera: string, track: string, fromMs: number, toMs: number) => Promise<void>;
  /** On the monotonic clock, milliseconds. */
  now: () => number;
}

interface Open {
  camera: string;
  startedMs: number;
  timer: NodeJS.Timeout;
}

/** Sees to it that each event has its clip: when it is over, or as soon as the clip is as long as it may be. */
export class Clips {
  readonly #open = new Map<string, Open>();

  constructor(private readonly options: ClipsOptions) {}

  observe(seen: Observation): void {
    const { beforeSeconds, afterSeconds, maxSeconds } = this.options.settings;
    if (seen.type === 'new') {
      const startedMs = seen.capturedMonotonicMs - seen.ageMs;
      const lastMs = startedMs + (maxSeconds - beforeSeconds) * 1000;
      this.#open.set(seen.id, { camera: seen.camera, startedMs, timer: this.#at(seen.id, lastMs) });
    } else if (seen.type === 'end') {
      const open = this.#open.get(seen.id);
      if (open === undefined) return;
      clearTimeout(open.timer);
      const lastMs = open.startedMs + (maxSeconds - beforeSeconds) * 1000;
      open.timer = this.#at(seen.id, Math.min(lastMs, seen.capturedMonotonicMs + afterSeconds * 1000));
    }
  }

  stop(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #at(track: string, toMs: number): NodeJS.Timeout {
    return setTimeout(() => void this.#make(track, toMs), Math.max(0, toMs - this.options.now()));
  }

  async #make(track: string, toMs: number): Promise<void> {
    const open = this.#open.get(track);
    if (open === undefined) return;
    this.#open.delete(track);
    const fromMs = open.startedMs - this.options.settings.beforeSeconds * 1000;
    await this.options.make(open.camera, track, fromMs, toMs);
  }
}
