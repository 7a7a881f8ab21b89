import { isDeepStrictEqual } from 'node:util';
import type { EngineHostOptions } from './engine-listener.js';
import { isSound } from './probe.js';
import { type Death, Suspects } from './suspects.js';

interface SetAsideOptions extends Pick<EngineHostOptions, 'listener' | 'program' | 'probeMs' | 'soundMs'> {
  /** In force now. */
  settings: () => EngineHostOptions['settings'];
  /** A camera is sound again, and wants to be watched. */
  released: () => Promise<void>;
}

/** A camera that engines die of is tried again so often, milliseconds. */
const usualProbeMs = 600_000;

/** The cameras that engines die of: no engine is given them, but one of their own that tries them now and then. */
export class SetAside {
  readonly #suspects = new Suspects();
  #timer: NodeJS.Timeout | undefined;
  readonly #probing = new AbortController();

  constructor(private readonly options: SetAsideOptions) {}

  get cameras(): ReadonlySet<string> {
    return this.#suspects.setAside;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#probing.abort();
  }

  /** Whoever has changed a camera means it to be tried again. */
  releaseChanged(next: EngineHostOptions['settings']['cameras']): void {
    const { cameras } = this.options.settings();
    for (const camera of [...this.cameras]) {
      if (!isDeepStrictEqual(next[camera], cameras[camera])) this.#suspects.release(camera);
    }
  }

  /** @returns after how long the next engine is started, milliseconds */
  died(engine: Death, how: string): number {
    const before = new Set(this.cameras);
    const delayMs = this.#suspects.died(engine);
    for (const camera of this.cameras) {
      if (!before.has(camera)) this.options.listener.setAside(camera, how, this.#probeMs);
    }
    const added = this.cameras.size - before.size;
    if (added > 0) this.#probeLater(added > 1 ? 0 : this.#probeMs); // of several at once only some are to blame
    return delayMs;
  }

  get #probeMs(): number {
    return this.options.probeMs ?? usualProbeMs;
  }

  #probeLater(delayMs = this.#probeMs): void {
    clearTimeout(this.#timer);
    if (this.#probing.signal.aborted || this.cameras.size === 0) return;
    this.#timer = setTimeout(() => void this.#probeAll(), delayMs);
  }

  async #probeAll(): Promise<void> {
    const { settings, program, soundMs, released } = this.options;
    const sound: string[] = [];
    for (const camera of this.cameras) {
      if (await isSound(camera, settings(), this.#probing.signal, program, soundMs)) sound.push(camera);
    }
    for (const camera of sound) this.#suspects.release(camera);
    if (sound.length > 0) await released().catch(() => {});
    this.#probeLater();
  }
}
