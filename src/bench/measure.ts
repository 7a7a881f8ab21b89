import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';

/** Something whose time is taken: one network, ready to run. */
export interface Subject {
  readonly name: string;
  /** One inference. @returns how long it took, milliseconds, where the subject takes its own time */
  step(): Promise<number | undefined>;
}

export interface MeasureOptions {
  /** For all subjects together, warm-up not counted. */
  seconds: number;
  /** Steps a second, at most; as fast as possible where it is not given. */
  fps?: number;
  /** How long one subject runs before it is the next one's turn. Milliseconds. */
  turnMs?: number;
  /** Is called before and after each turn, outside of what is timed. */
  between?: () => Promise<void>;
  /** 0..1. */
  onProgress?: (done: number) => void;
}

/** One turn of one subject. */
export interface Turn {
  /** `performance.now()`, milliseconds. */
  from: number;
  to: number;
  steps: number;
  /** CPU time of this process, all threads. */
  cpuMs: number;
}

export interface Measured {
  name: string;
  /** Before anything was counted. */
  warmUp: { runs: number; ms: number };
  /** Wall milliseconds of each step, in order. */
  ms: number[];
  /** When each step began, `performance.now()`. */
  at: number[];
  turns: Turn[];
}

/** At least so much of both before anything is counted. */
const warmUp = { runs: 10, ms: 1000 };
const defaultTurnMs = 500;
/** A turn of a paced subject holds at least so many steps. */
const leastPacedSteps = 5;

/**
 * Times subjects in turns (A B A B …), so that heat, clocks and neighbours strike all of them alike, and ratios mean
 * something on a machine that does other things too. Nothing is clipped.
 *
 * @returns in the order of the subjects
 */
export async function measureInTurns(subjects: readonly Subject[], options: MeasureOptions): Promise<Measured[]> {
  const { seconds, fps, between, onProgress } = options;
  const periodMs = fps === undefined ? 0 : 1000 / fps;
  const turnMs = Math.max(options.turnMs ?? defaultTurnMs, leastPacedSteps * periodMs);
  const results: Measured[] = [];
  for (const subject of subjects) {
    results.push({ name: subject.name, warmUp: await warm(subject), ms: [], at: [], turns: [] });
  }
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  while (elapsed() < seconds * 1000) {
    for (const [i, subject] of subjects.entries()) {
      // One alone has no turns to wait for, but its course is still told in pieces.
      await between?.();
      await takeTurn(subject, results[i] as Measured, { turnMs, periodMs });
      await between?.();
      onProgress?.(Math.min(1, elapsed() / (seconds * 1000)));
    }
  }
  return results;
}

async function warm(subject: Subject): Promise<Measured['warmUp']> {
  const from = performance.now();
  for (let runs = 0; ; runs += 1) {
    const ms = performance.now() - from;
    if (runs >= warmUp.runs && ms >= warmUp.ms) return { runs, ms };
    await breathe(); // a step may await nothing real, and timers and messages would wait until the end
    await subject.step();
  }
}

async function takeTurn(
  subject: Subject,
  into: Measured,
  { turnMs, periodMs }: { turnMs: number; periodMs: number },
): Promise<void> {
  const from = performance.now();
  const cpu = process.cpuUsage();
  let steps = 0;
  for (let dueAt = from; performance.now() - from < turnMs; dueAt += periodMs) {
    await breathe();
    const early = dueAt - performance.now();
    if (early > 0) await sleep(early);
    const before = performance.now();
    const own = await subject.step();
    into.ms.push(own ?? performance.now() - before);
    into.at.push(before);
    steps += 1;
  }
  const { user, system } = process.cpuUsage(cpu);
  into.turns.push({ from, to: performance.now(), steps, cpuMs: (user + system) / 1000 });
}

/** Mean wall milliseconds a step, turn by turn; that of two subjects can be divided by each other. */
export function turnMeans({ ms, turns }: Measured): number[] {
  let at = 0;
  return turns.map(({ steps }) => {
    let total = 0;
    for (const end = at + steps; at < end; at += 1) total += ms[at] as number;
    return total / steps;
  });
}

/** CPU milliseconds a step. */
export function cpuMsPerStep({ ms, turns }: Measured): number {
  return turns.reduce((total, { cpuMs }) => total + cpuMs, 0) / ms.length;
}
