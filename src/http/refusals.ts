/** Why somebody was not served. */
export const refusalReasons = [
  'token',
  'rate',
  'host',
  'origin',
  'path',
  'body',
  'method',
  'connections',
  'timeout',
  'viewers',
  'malformed',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Counts what the server has refused; it only counts up. */
export class Refusals {
  readonly counts = Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<RefusalReason, number>;

  count(reason: RefusalReason): void {
    this.counts[reason] += 1;
  }
}
