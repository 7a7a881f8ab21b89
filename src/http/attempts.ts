import { isIPv6 } from 'node:net';

/** So many wrong tokens in a row may come from one place … */
const burst = 10;
/** … and one more after each so many milliseconds. */
const refillMs = 6000;
/** So many places are remembered; the one that was wrong longest ago is forgotten first. */
const maxPlaces = 1000;

/** Counts wrong tokens by where they come from, and says who has to wait: a token bucket each. */
export class Attempts {
  /** What is left of the burst at a time, by place. */
  readonly #left = new Map<string, { left: number; atMs: number }>();

  /** @param now milliseconds that only go up */
  constructor(private readonly now: () => number) {}

  mayTry(address: string): boolean {
    return this.#leftOf(placeOf(address)) >= 1;
  }

  failed(address: string): void {
    const place = placeOf(address);
    const left = this.#leftOf(place) - 1;
    this.#left.delete(place); // to the end of the order
    this.#left.set(place, { left, atMs: this.now() });
    const oldest = this.#left.keys().next().value;
    if (this.#left.size > maxPlaces && oldest !== undefined) this.#left.delete(oldest);
  }

  #leftOf(place: string): number {
    const { left, atMs } = this.#left.get(place) ?? { left: burst, atMs: 0 };
    return Math.min(burst, left + (this.now() - atMs) / refillMs);
  }
}

/** One household has one IPv4 address, or a /64 of IPv6. */
function placeOf(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  return isIPv6(plain) ? plain.split(':').slice(0, 4).join(':') : plain;
}
