import t from 'tap';
import { percentile } from '../../../src/timing/percentile.js';
import { CaptureDay } from '../../support/capture-day/capture-day.js';

/** The short form of the day that `npm run test:faults:cameras` simulates. */
t.test('two hours of faults, in simulated time', async (t) => {
  const { troubles, recovered, downtimesMs, attemptsMs, frames, mostSources, wrong } = await CaptureDay.simulate(2, 3);
  t.strictSame(wrong, [], 'nothing that must never happen');
  t.ok(Object.keys(troubles).length === 13, `of each kind: ${JSON.stringify(troubles)}`);
  const made = Object.values(troubles).reduce((sum, times) => sum + times, 0);
  t.equal(recovered, made + 1, 'it came back from each, and once from the start');
  // Of `recovery`: openSeconds, maxRetrySeconds, openSeconds; where a call can't be interrupted, hangSeconds before them.
  t.ok(
    percentile(downtimesMs, 0.9) <= 32_000,
    `mostly within ${percentile(downtimesMs, 0.9)} ms: an attempt, a wait, another`,
  );
  t.ok((downtimesMs.at(-1) ?? 0) <= 92_000, `always within ${downtimesMs.at(-1)} ms`);
  t.ok((attemptsMs.at(-1) ?? 0) <= 1000, `within ${attemptsMs.at(-1)} ms of when the attempt was due`);
  t.ok(mostSources <= 4, `${mostSources} connections at once`);
  t.ok(frames > 10_000, `${frames} pictures`);
});
