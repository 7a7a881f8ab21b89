/** What a picture goes through, in order. */
export const stages = ['decode', 'scale', 'inference', 'decode boxes', 'track and events'] as const;
export type Stage = (typeof stages)[number];

/** Is called at the end of each stage of a picture. Benchmarks pass one in; the daemon has none. */
export type StageClock = (ended: Stage) => void;
