import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveFrame } from '../contract/live.js';
import type { Backend } from './backend.js';

/** Longest side of a live picture, pixels. */
export const liveSize = 640;
/** Live pictures a second, at most. */
export const liveFps = 15;
/** A camera that gives no picture is asked again after so long, milliseconds. */
const retryMs = 500;

/** Somebody who watches a camera. */
export interface Viewer {
  /** It has taken what it was sent; one that is not ready loses pictures and holds nobody up. */
  readonly ready: boolean;
  send(frame: LiveFrame, jpeg: Uint8Array): void;
}

/**
 * One camera's live pictures for all who watch it. A picture is asked for when the one before has come, and only while
 * somebody watches: nobody costs nothing, and a slow viewer or a slow daemon slows no camera.
 */
export class LivePictures {
  readonly #viewers = new Set<Viewer>();
  #running: Promise<void> | undefined;
  #number = 0;
  /** Pictures that somebody was too slow for. */
  lost = 0;
  sent = 0;

  constructor(
    private readonly camera: string,
    private readonly backend: Pick<Backend, 'show'>,
    private readonly signal: AbortSignal,
  ) {}

  get viewers(): number {
    return this.#viewers.size;
  }

  /** @returns ends it */
  watch(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    this.#running ??= this.#run();
    return () => this.#viewers.delete(viewer);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#viewers.size > 0 && !this.signal.aborted) {
      const due = sleep(1000 / liveFps, undefined, { signal: this.signal }).catch(() => {});
      try {
        this.#show(await this.backend.show(this.camera, liveSize));
      } catch {
        // Whoever watches sees the camera's status beside the picture that stands still.
        await sleep(retryMs, undefined, { signal: this.signal }).catch(() => {});
      }
      await due;
    }
    this.#running = undefined;
  }

  #show({ frame, jpeg }: Awaited<ReturnType<Backend['show']>>): void {
    const number = ++this.#number;
    for (const viewer of this.#viewers) {
      if (viewer.ready) {
        viewer.send({ ...frame, number }, jpeg);
        this.sent += 1;
      } else this.lost += 1;
    }
  }
}
