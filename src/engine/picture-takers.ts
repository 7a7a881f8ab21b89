/** Somebody who wants a camera's next picture. */
export interface PictureTaker {
  /** At its own size, not at that of snapshots. */
  full: boolean;
  /** With undefined when it could not be made. */
  take: (jpeg: Uint8Array | undefined) => void;
}

/** Those who wait for a camera's next picture; who has waited in vain waits no longer. */
export class PictureTakers {
  readonly #waiting = new Set<PictureTaker>();

  /**
   * @param full at its own size
   * @returns the next picture as JPEG; undefined where none came in time, or it could not be made
   */
  next(full: boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const taker: PictureTaker = {
        full,
        take: (jpeg) => {
          clearTimeout(timer);
          this.#waiting.delete(taker);
          resolve(jpeg);
        },
      };
      const timer = setTimeout(() => taker.take(undefined), timeoutMs);
      this.#waiting.add(taker);
    });
  }

  /** All who wait now. They are given this picture, or are told that there is none. */
  all(): PictureTaker[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
