import t from 'tap';
import { CaptureDay } from '../../support/capture-day/capture-day.js';

/** The short form of the day that `npm run test:faults:cameras` simulates. */
t.test('two hours of faults, in simulated time', async (t) => {
  const { troubles, recovered, worstMs, attemptsMs, frames, mostSources, wrong } = await CaptureDay.simulate(2, 3);
  t.strictSame(wrong, [], 'nothing that must never happen');
  t.ok(Object.keys(troubles).length === 13, `of each kind: ${JSON.stringify(troubles)}`);
  const made = Object.values(troubles).reduce((sum, times) => sum + times, 0);
  t.equal(recovered, made + 1, 'it came back from each, and once from the start');
  const { deaf = 0, ...others } = worstMs;
  const worst = Math.max(...Object.values(others));
  t.ok(worst <= 32_000, `within ${worst} ms: an attempt, a wait, another attempt`);
  // A call that can't be interrupted holds up the next attempt for `recovery.hangSeconds` at most.
  t.ok(deaf <= 32_000 + 60_000, `within ${deaf} ms where a call can't be interrupted`);
  t.ok((attemptsMs.at(-1) ?? 0) <= 1000, `within ${attemptsMs.at(-1)} ms of when the attempt was due`);
  t.ok(mostSources <= 4, `${mostSources} connections at once`);
  t.ok(frames > 10_000, `${frames} pictures`);
});
