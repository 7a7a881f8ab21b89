import { randomInt } from 'node:crypto';
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { cellOf, heatColumns, heatRows } from '../../src/contract/heat.js';
import { pictureStages } from '../../src/contract/stages.js';
import { Hours } from '../../src/history/hours.js';
import { type Measured, SeriesMemory, sumOfStages } from '../../src/history/series.js';
import { addDuration, noDurations } from '../../src/timing/histogram.js';

const hourMs = 3_600_000;
const noon = Date.parse('2026-06-01T12:00:00Z');

function setUp(t: Test) {
  const clock = { now: noon };
  const directory = t.testdir();
  const warn = (message: string) => t.fail(message);
  return { clock, directory, open: () => new Hours(directory, () => clock.now, warn) };
}

t.test('what is counted by hour is there after a restart in the middle of one', async (t) => {
  const { clock, open } = setUp(t);
  const hours = open();
  await hours.open();
  hours.count('door', 'person');
  hours.stood('door', { person: [[cellOf(0.5, 0.99), 4000]] });
  await hours.flush(true);
  const again = open();
  again.count('door', 'person');
  again.stood('door', { person: [[cellOf(0.5, 0.99), 2000]], dog: [[0, 1000]] });
  clock.now += hourMs;
  again.count('door', 'dog');
  again.count('yard', 'cat');
  const all = { fromMs: noon - hourMs, toMs: noon + 2 * hourMs };
  t.match(await again.counts(all), [
    { hour: '2026-06-01T12:00:00.000Z', camera: 'door', class: 'person', count: 2 },
    { hour: '2026-06-01T13:00:00.000Z', camera: 'door', class: 'dog', count: 1 },
    { hour: '2026-06-01T13:00:00.000Z', camera: 'yard', class: 'cat', count: 1 },
  ]);
  const heat = await again.heat({ ...all, camera: 'door', class: 'person' });
  t.equal(heat.length, heatColumns * heatRows);
  t.equal(heat[17 * heatColumns + 16], 6);
  t.equal(
    heat.reduce((sum, value) => sum + value),
    6,
  );
  t.strictSame(await again.counts({ ...all, hourFrom: 13, hourTo: 14, camera: 'door' }), [
    { hour: '2026-06-01T13:00:00.000Z', camera: 'door', class: 'dog', count: 1 },
  ]);
  t.strictSame(await again.counts({ ...all, hourFrom: 22, hourTo: 6 }), [], 'a night goes over midnight');
});

t.test('ninety days of the worst that can be are within 20 MB a camera, and what is older goes', async (t) => {
  const { clock, directory, open } = setUp(t);
  const path = join(directory, 'door.jsonl');
  const seconds = Uint16Array.from({ length: heatColumns * heatRows }, () => randomInt(3600));
  const heat = deflateRawSync(Buffer.from(seconds.buffer)).toString('base64');
  const classes = Object.fromEntries([...'abcdefgh'].map((name) => [name, { count: 9, heat }]));
  writeFileSync(path, '');
  for (let day = 100; day > 0; day--) {
    const lines = Array.from({ length: 24 }, (_, i) =>
      JSON.stringify({ hour: noon - day * 24 * hourMs + i * hourMs, classes }),
    );
    appendFileSync(path, `${lines.join('\n')}\n`);
  }
  t.ok(statSync(path).size > 20 * 1024 * 1024, 'more than it may be');
  const hours = open();
  await hours.open();
  t.ok(statSync(path).size <= 20 * 1024 * 1024);
  clock.now = noon;
  const rows = await hours.counts({ fromMs: 0, toMs: noon, camera: 'door', class: 'a' });
  t.ok(
    rows.length > 75 * 24 && (rows[0]?.hour ?? '') >= new Date(noon - 90 * 24 * hourMs).toISOString(),
    `${rows.length} hours`,
  );
});

t.test(
  'the series has a point a step, percentiles of what was since the last, and null where nothing was',
  async (t) => {
    const durations = noDurations();
    const stages = () =>
      sumOfStages([Object.fromEntries(pictureStages.map((stage) => [stage, structuredClone(durations)])) as never]);
    const measured = (seconds: number, cpu: number): Measured => ({
      ...{ atMs: noon + seconds * 1000, stages: stages(), publishMs: 3, engineCpuSeconds: cpu, daemonCpuSeconds: 1 },
      ...{ engineRssBytes: 2e8, daemonRssBytes: 1e8, temperature: 60, watts: null, clockMhz: 1800 },
      cameras: { door: { fps: 9.5, tracks: 2 } },
    });
    const memory = new SeriesMemory();
    memory.add(measured(0, 10));
    for (let i = 0; i < 100; i++) addDuration(durations, 20);
    memory.add(measured(10, 15));
    memory.add(measured(20, 12)); // another engine
    const hour = memory.read('hour', noon + 25_000);
    t.equal(hour.at.length, 360);
    t.strictSame(
      hour.at.slice(-3),
      [0, 10, 20].map((seconds) => noon / 1000 + seconds),
    );
    t.strictSame(hour.cpu.engine.slice(-3), [null, 50, null]);
    const { p50 = [] } = hour.stages.total ?? {};
    t.ok((p50.at(-2) ?? 0) > 16 && (p50.at(-2) ?? 0) < 22, `${p50.at(-2)} ms`);
    t.equal(p50.at(-1), null);
    t.strictSame(hour.watts.slice(-1), [null]);
    t.strictSame(hour.cameras.door?.fps.slice(-2), [9.5, 9.5]);
    memory.add(measured(240, 20));
    const kept = new SeriesMemory(JSON.parse(JSON.stringify(memory.keep())));
    t.strictSame(kept.read('day', noon + 250_000), memory.read('day', noon + 250_000), 'over a restart');
  },
);
