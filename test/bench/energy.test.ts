import t from 'tap';
import { energyOf, integrate, integrateAll, type PowerSample } from '../../src/bench/energy.js';

/** A sample every `stepMs` from `from` to `to`, both included. */
function course(from: number, to: number, stepMs: number, watts: (at: number) => number | null): PowerSample[] {
  const samples: PowerSample[] = [];
  for (let at = from; at <= to; at += stepMs) samples.push({ at, watts: watts(at) });
  return samples;
}
const sensor = { source: 'hwmon ina226', scope: 'what the sensor is wired to' };

t.test('a ramp is integrated exactly between the samples inside', async (t) => {
  const ramp = course(0, 10_000, 400, (at) => at / 1000); // W = s, so J = s²/2
  const { joules, seconds, peakWatts } = integrate(ramp, { from: 1300, to: 7700 });
  const edges = 0.3 * 1.6 + 0.1 * 7.6;
  t.ok(Math.abs(joules - ((7.6 ** 2 - 1.6 ** 2) / 2 + edges)) < 1e-9, `${joules} J`);
  t.ok(Math.abs(seconds - 6.4) < 1e-9);
  t.equal(peakWatts, 7.6, 'of the samples inside');
});

/** A board that takes 2 W, and 10 W in every other half second, from the first on. */
const busy = Array.from({ length: 20 }, (_, i) => ({ from: 1000 * i, to: 1000 * i + 500 }));

t.test('what is taken between turns is no turn’s: momentary values', async (t) => {
  const samples = course(0, 20_000, 70, (at) => (at % 1000 <= 500 ? 10 : 2));
  const { joules, seconds } = integrateAll(samples, busy);
  t.ok(Math.abs(joules / seconds / 10 - 1) < 1e-9, `${joules / seconds} W`);
  t.ok(seconds > 9.9, `${seconds} s of 10 are covered`);
});

t.test('what is taken between turns is no turn’s: a counter of energy', async (t) => {
  // Read every 130 ms, and at each end of a turn, as the benchmark does.
  const times = [
    ...course(0, 20_000, 130, () => 0).map(({ at }) => at),
    ...busy.flatMap(({ from, to }) => [from, to]),
    20_000,
  ];
  const at = [...new Set(times)].sort((a, b) => a - b);
  const joulesAt = (ms: number) => {
    const [whole, rest] = [Math.floor(ms / 1000), ms % 1000];
    return 6 * whole + (10 * Math.min(rest, 500) + 2 * Math.max(0, rest - 500)) / 1000;
  };
  const samples = at.slice(1).map((end, i) => {
    const overMs = end - (at[i] ?? 0);
    return { at: end, overMs, watts: (1000 * (joulesAt(end) - joulesAt(end - overMs))) / overMs };
  });
  const { joules, seconds } = integrateAll(samples, busy);
  t.ok(Math.abs(joules - 100) < 1e-6 && Math.abs(seconds - 10) < 1e-6, `${joules} J in ${seconds} s`);
  const whole = integrate(samples, { from: 0, to: 20_000 });
  t.ok(Math.abs(whole.joules - 120) < 1e-6, `${whole.joules} J`);
});

t.test('uneven samples weigh by their time, not by their number', async (t) => {
  const samples = [0, 10, 20, 30, 40, 1040].map((at) => ({ at, watts: at < 40 ? 100 : 2 }));
  const { joules, seconds } = integrate(samples, { from: 0, to: 1040 });
  t.ok(Math.abs(joules / seconds - (3.51 + 2) / 1.04) < 1e-9, `${joules / seconds} W`);
});

t.test('a gap is not bridged', async (t) => {
  const samples = course(0, 1000, 100, (at) => (at === 500 ? null : 3));
  t.strictSame(
    (({ joules, seconds }) => [joules.toFixed(6), seconds.toFixed(6)])(integrate(samples, { from: 0, to: 1000 })),
    ['2.400000', '0.800000'],
  );
});

t.test('joules an inference, gross and above idle', async (t) => {
  const samples = course(0, 20_000, 100, (at) => (at < 10_000 ? 2.5 : at % 1000 === 0 ? 7 : 5));
  const windows = [
    { from: 10_500, to: 14_500 },
    { from: 15_500, to: 19_500 },
  ];
  const energy = energyOf(samples, { windows, count: 80 }, { from: 0, to: 9_000 }, sensor);
  t.match(energy, { measured: true, source: 'hwmon ina226', peakWatts: 7 });
  if (!energy.measured) return;
  t.ok(Math.abs(energy.idleWatts - 2.5) < 1e-9);
  t.ok(Math.abs(energy.meanWatts - 5.2) < 1e-9, `${energy.meanWatts} W`);
  t.ok(Math.abs(energy.joules - 0.52) < 1e-9, 'eight seconds of 5.2 W by 80');
  t.ok(Math.abs(energy.joulesAboveIdle - 0.27) < 1e-9);
  t.ok(Math.abs(energy.hertz - 10) < 0.5);
});

t.test('no number without a sensor, without a baseline, or with holes', async (t) => {
  const samples = course(0, 20_000, 100, () => 3);
  const work = { windows: [{ from: 10_000, to: 20_000 }], count: 10 };
  const idle = { from: 0, to: 10_000 };
  const why = (energy: ReturnType<typeof energyOf>) => (energy.measured ? 'measured' : energy.why);
  t.match(why(energyOf(samples, work, idle, { source: 'none', scope: '' })), /no power sensor/);
  t.match(why(energyOf(samples, work, { from: -5000, to: -1 }, sensor)), /while the board was idle/);
  const holes = samples.map((sample) =>
    sample.at % 500 === 0 && sample.at > 10_000 ? { ...sample, watts: null } : sample,
  );
  t.match(why(energyOf(holes, work, idle, { ...sensor, why: 'it sulks' })), /it sulks/);
  t.match(why(energyOf(samples, { ...work, count: 0 }, idle, sensor)), /nothing was done/);
});
