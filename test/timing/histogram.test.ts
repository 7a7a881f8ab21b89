import t from 'tap';
import { addDuration, durationBounds, durationsSince, noDurations, percentileOf } from '../../src/timing/histogram.js';

t.test('a percentile is right to within a fifth', async (t) => {
  const durations = noDurations();
  t.equal(percentileOf(durations, 0.5), null, 'nothing was measured');
  for (let i = 1; i <= 1000; i++) addDuration(durations, i / 4);
  for (const part of [0.5, 0.9, 0.99]) {
    const right = part * 250;
    const found = percentileOf(durations, part) ?? 0;
    t.ok(Math.abs(found - right) < right / 5, `p${part * 100}: ${found} of ${right}`);
  }
  t.equal(
    durations.counts.reduce((sum, count) => sum + count),
    1000,
  );
  addDuration(durations, 1e6);
  t.equal(percentileOf({ ...noDurations(), counts: [...Array(durationBounds.length).fill(0), 1] }, 0.5), 4096);
});

t.test('between two looks; another engine counts anew', async (t) => {
  const before = noDurations();
  addDuration(before, 10);
  const now = structuredClone(before);
  addDuration(now, 20);
  addDuration(now, 20);
  t.ok((percentileOf(durationsSince(now, before), 0.01) ?? 0) > 16, 'the first is no part of it');
  t.strictSame(durationsSince(before, now), before);
  t.strictSame(durationsSince(now, undefined), now);
});
