import t from 'tap';
import { Statistics } from '../../src/engine/statistics.js';

/** Statistics on a clock of their own, of a camera that gives a picture every `periodMs` and is looked at every second. */
function play(seconds: number, periodMs: number, inferenceMs?: number) {
  let now = 0;
  const statistics = new Statistics(() => now);
  const rates: { fps: number; inferenceMs: number | null }[] = [];
  for (now = 1; now <= seconds * 1000; now += 1) {
    if (now % periodMs === 0) statistics.analysed(inferenceMs);
    if (now % 1000 === 0) rates.push(statistics.rates(1000 / periodMs));
  }
  now -= 1; // the moment of the last look
  return { statistics, rates };
}

t.test('a slow camera has its rate, not 1 and 0 by turns', async (t) => {
  for (const periodMs of [100, 400, 2000, 7000, 20_000]) {
    const { statistics, rates } = play(300, periodMs, 5);
    t.equal(statistics.frames, Math.floor(300_000 / periodMs));
    const settled = rates.slice(210).map(({ fps }) => (fps * periodMs) / 1000);
    t.ok(
      settled.every((ratio) => Math.abs(ratio - 1) <= 0.11),
      `every ${periodMs} ms: ${Math.min(...settled)} to ${Math.max(...settled)} of the true rate`,
    );
  }
});

t.test('what is asked twice at the same moment has the same answer', async (t) => {
  const { statistics, rates } = play(30, 500, 4);
  t.strictSame(statistics.rates(2), rates.at(-1));
  t.strictSame(statistics.rates(2), { fps: 2, inferenceMs: 4 });
});

t.test('a camera that has stopped is told as that', async (t) => {
  let now = 0;
  const statistics = new Statistics(() => now);
  for (now = 100; now <= 30_000; now += 100) statistics.analysed(5);
  statistics.rates(10);
  for (; now <= 45_000; now += 1000) statistics.rates(10);
  t.strictSame(statistics.rates(10), { fps: 0, inferenceMs: null });
  t.equal(statistics.frames, 300);
});

t.test('still pictures count, and take nothing from the time of the network', async (t) => {
  const { statistics, rates } = play(20, 100);
  t.match(statistics, { frames: 200, still: 200 });
  t.strictSame(rates.at(-1), { fps: 10, inferenceMs: null });
});

t.test('the 99th percentile is that of the newest thousand waits', async (t) => {
  const statistics = new Statistics();
  t.equal(statistics.waitP99Ms, null);
  for (let i = 0; i < 500; i += 1) statistics.waited(1_000_000);
  for (let i = 0; i < 1000; i += 1) statistics.waited((i * 7) % 1000); // 0 to 999, each once
  t.equal(statistics.waitP99Ms, 990);
});
