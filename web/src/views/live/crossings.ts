import type { Direction, Observation } from '../../../../src/contract/event.js';

/** How many went over each line since the daemon's start, all classes together, as far as it is known. */
export type Crossings = Readonly<Record<string, Readonly<Record<Direction, number>> & { byClass: ByClass }>>;
type ByClass = Readonly<Record<string, Readonly<Record<Direction, number>>>>;

/** A crossing tells the counts of its class so far, so each one mends what was missed before. */
export function withCrossings(known: Crossings, observations: readonly Observation[]): Crossings {
  let result = known;
  for (const seen of observations) {
    if (seen.type !== 'crossing') continue;
    const byClass: ByClass = { ...result[seen.line]?.byClass, [seen.class]: seen.counts };
    const sum = (direction: Direction) => Object.values(byClass).reduce((all, counts) => all + counts[direction], 0);
    result = { ...result, [seen.line]: { byClass, 'a-to-b': sum('a-to-b'), 'b-to-a': sum('b-to-a') } };
  }
  return result;
}
