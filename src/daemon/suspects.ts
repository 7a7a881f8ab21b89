/** An engine that has lived for so long was no failure: the next delay is the shortest again. Milliseconds. */
export const stableMs = 60_000;
/** Before another engine is started; each delay is twice the one before. Milliseconds. */
const delays = { first: 200, longest: 30_000 };

/** Fewer deaths in a row are chance, or the kernel's need of memory. */
const leastDeaths = 3;
/** Of deaths by a fault of the engine's own code, which a need of memory does not cause (SIGKILL, SIGABRT), fewer are chance. */
const leastCrashes = 2;
const crashes: ReadonlySet<NodeJS.Signals | null> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE']);

/** What is known of an engine that has died. */
export interface Death {
  /** How long it has lived since it was ready, milliseconds. */
  livedMs: number;
  /** Pictures analysed of each of its cameras. */
  frames: Readonly<Record<string, number>>;
  /** What killed it; null where it ended by itself. */
  signal: NodeJS.Signals | null;
}

/**
 * Which camera kills the engines. Engines that die three times in a row, or crash twice, each within a minute, are suspected
 * to die of a camera; the cameras are set aside one after the other, the one first of which the fewest pictures had been
 * analysed, until an engine lives. If each of them was the wrong one there are several, and all are set aside. Pure.
 */
export class Suspects {
  /** Cameras that no engine is started with. */
  readonly setAside = new Set<string>();
  #deaths = 0;
  #crashes = 0;
  /** Set aside since the last death, and those that were before it and are innocent alone. */
  #suspect: string | undefined;
  readonly #cleared = new Set<string>();

  /** @returns after how long another engine may be started, milliseconds */
  died({ livedMs, frames, signal }: Death): number {
    if (livedMs >= stableMs) this.#begin(); // whoever is set aside stays so: without it the engine lived
    this.#deaths += 1;
    if (crashes.has(signal)) this.#crashes += 1;
    if (this.#deaths < leastDeaths && this.#crashes < leastCrashes) return delays.first;
    if (this.#suspect !== undefined) {
      this.#cleared.add(this.#suspect);
      this.setAside.delete(this.#suspect);
      this.#suspect = undefined;
    }
    const cameras = Object.keys(frames).filter((camera) => !this.#cleared.has(camera));
    const [next] = cameras.sort((a, b) => (frames[a] ?? 0) - (frames[b] ?? 0));
    if (next !== undefined) {
      this.#suspect = next;
      this.setAside.add(next);
      return delays.first;
    }
    for (const camera of this.#cleared) this.setAside.add(camera);
    return Math.min(delays.longest, delays.first * 2 ** Math.min(this.#deaths, 10));
  }

  /** A camera has proved to be sound. */
  release(camera: string): void {
    this.setAside.delete(camera);
    this.#begin();
  }

  #begin(): void {
    this.#deaths = 0;
    this.#crashes = 0;
    this.#suspect = undefined;
    this.#cleared.clear();
  }
}
