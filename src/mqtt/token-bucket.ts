export interface TokenBucketOptions {
  perSecond: number;
  /** So many at once after a rest; at least one. */
  capacity: number;
  /** Milliseconds that only ever go up. */
  monotonic: () => number;
}

/** Lets through so many a second, and after a rest a burst. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = { ...options, capacity: Math.max(1, options.capacity) };
    this.#tokens = this.#options.capacity;
    this.#at = options.monotonic();
  }

  take(): boolean {
    const { perSecond, capacity, monotonic } = this.#options;
    const now = monotonic();
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
