import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findPowerMeter } from '../../src/device/power/find.js';
import { sumRails } from '../../src/device/power/pmic.js';
import { miniPc, pi4, pi5, plant } from './fixtures/boards.js';
import * as sensors from './fixtures/sensors.js';
import { printing, systemOf } from './fixtures/sensors.js';

/** W, to a tenth of a milliwatt. */
function near(actual: number | null, wanted: number): boolean {
  return actual !== null && Math.abs(actual - wanted) < 1e-4;
}

t.test('no sensor is `none` and null, never a guess', async (t) => {
  const meter = await findPowerMeter(systemOf(t.testdir(), [pi4]));
  t.strictSame(await meter.read(), { value: null, unit: 'W', source: 'none', scope: '' });
});

t.test('JetPack 5 and 6: the input rail alone, since it holds the others', async (t) => {
  const reading = await (await findPowerMeter(systemOf(t.testdir(), [sensors.ina3221Hwmon]))).read();
  t.ok(near(reading.value, 5.04 * 1.176), `${reading.value} W`);
  t.match(reading, { unit: 'W', source: 'hwmon ina3221 VDD_IN', scope: /input of the module/ });
});

t.test('AGX Orin, without an input rail: the sum of what is connected, and nothing twice', async (t) => {
  const reading = await (await findPowerMeter(systemOf(t.testdir(), [sensors.agxOrin]))).read();
  t.ok(near(reading.value, 20 * 0.15 + 20 * 0.06 + 5 * 0.8), `${reading.value} W`);
  t.match(reading, {
    source: 'hwmon ina3221 VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0',
    scope: /none sees the board/,
  });
});

t.test('JetPack 4: NVIDIA’s own driver', async (t) => {
  const reading = await (await findPowerMeter(systemOf(t.testdir(), [sensors.ina3221Iio]))).read();
  t.match(reading, { value: 2.317, source: 'iio ina3221x POM_5V_IN' });
});

t.test('an INA219: its own power, or what its voltage and current give', async (t) => {
  const root = t.testdir();
  const meter = await findPowerMeter(systemOf(root, [sensors.ina219]));
  t.match(await meter.read(), { value: 4.59, source: 'hwmon ina219', scope: 'what the sensor is wired to' });
  rmSync(join(root, 'sys/class/hwmon/hwmon1/power1_input'));
  t.match(await meter.read(), { value: 4.59 });
  writeFileSync(join(root, 'sys/class/hwmon/hwmon1/curr1_input'), 'ÿÿ');
  t.match(await meter.read(), { value: null, source: 'hwmon ina219', why: /does not answer/ });
});

t.test('a sensor that vanishes is null with why, keeps its name, and no other takes its place', async (t) => {
  const root = t.testdir();
  const meter = await findPowerMeter(systemOf(root, [sensors.ina3221Hwmon, sensors.rapl('5')]));
  t.type((await meter.read()).value, 'number');
  rmSync(join(root, 'sys/class/hwmon/hwmon3'), { recursive: true });
  t.match(await meter.read(), { value: null, source: 'hwmon ina3221 VDD_IN', why: /VDD_IN does not answer/ });
  plant(root, sensors.ina3221Hwmon);
  t.type((await meter.read()).value, 'number', 'and it may come back');
});

t.test('Raspberry Pi 5: volts times amperes over the rails that have both', async (t) => {
  const meter = await findPowerMeter(systemOf(t.testdir(), [pi5], printing(sensors.pmicReadAdc)));
  const reading = await meter.read();
  // Summed with another program; 4.50113 W of it is VDD_CORE: 5.03652 A x 0.8936988 V.
  t.ok(near(reading.value, 5.921612), `${reading.value} W`);
  t.match(reading, { source: 'vcgencmd pmic_read_adc', scope: /not USB devices/ });
});

t.test('rails that make no sense make no number', async (t) => {
  t.equal(sumRails(''), undefined);
  t.equal(sumRails('error=1 error_msg="Command not registered"\n'), undefined);
  t.equal(sumRails(' VDD_CORE_A current(7)=1.5A\n'), undefined, 'a current without its voltage');
  t.equal(sumRails(' EXT5V_V volt(24)=5.10000000V\n'), undefined, 'voltages only');
  t.equal(sumRails(' VDD_CORE_A current(7)=1.50000000A\n VDD_CORE_V volt(15)=0.80000000V\n'), 1.5 * 0.8);
});

t.test('a vcgencmd that is missing, refuses, hangs or raves', async (t) => {
  const why = async (script?: string) => {
    const reading = await (await findPowerMeter(systemOf(t.testdir(), [pi5], script))).read();
    t.match(reading, { value: null, source: 'vcgencmd pmic_read_adc' });
    return reading.why;
  };
  t.match(await why(), /install/);
  t.match(await why('echo "VCHI initialization failed" >&2; exit 255'), /group video/);
  t.match(await why('exec sleep 30'), /in time/);
  t.match(await why('head -c 300 /dev/urandom'), /something else/);
});

t.test('the power chip is asked ten times a second at most', async (t) => {
  const root = t.testdir();
  let now = 0;
  const script = `echo x >> '${join(root, 'asked')}'\n${printing(sensors.pmicReadAdc)}`;
  const meter = await findPowerMeter(systemOf(root, [pi5], script), () => now);
  const asked = async () => (await systemOf(root, []).text('asked'))?.split('\n').length;
  for (now = 0; now < 100; now += 10) await meter.read();
  t.equal(await asked(), 1);
  await meter.read();
  t.equal(await asked(), 2);
});

t.test('RAPL: the mean since the last reading, also when the counter wraps', async (t) => {
  const root = t.testdir();
  let now = 1000;
  const system = systemOf(root, [miniPc, sensors.rapl('262143000000')]);
  const meter = await findPowerMeter(system, () => now);
  t.match(await meter.read(), { value: null, source: 'rapl', why: /second reading/ });
  now += 500;
  t.match(await meter.read(), { value: 0 });
  t.match(await meter.read(), { value: null, why: /no time has passed/ });
  now += 500;
  // 328,850 µJ to the end of the counter's range, and 2,671,150 µJ from its start: 3 J in half a second.
  plant(root, sensors.rapl('2671150'));
  t.match(await meter.read(), { value: 6, overMs: 500, scope: /package only/ });
});

t.test('RAPL after a long pause, which may hold two wraps, is no number', async (t) => {
  const root = t.testdir();
  let now = 0;
  const meter = await findPowerMeter(systemOf(root, [sensors.rapl('1000000')]), () => now);
  await meter.read();
  now += 263_000; // at 1000 W the counter wraps after 262 s
  t.match(await meter.read(), { value: null, why: /wrapped/ });
  now += 1000;
  plant(root, sensors.rapl('3000000'));
  t.match(await meter.read(), { value: 2 }, 'and goes on from there');
});

t.test('RAPL that only root may read says so, and does not bridge the gap', async (t) => {
  const root = t.testdir();
  let now = 0;
  const meter = await findPowerMeter(systemOf(root, [sensors.rapl('7')]), () => now);
  await meter.read();
  const file = join(root, 'sys/class/powercap/intel-rapl:0/energy_uj');
  rmSync(file);
  now += 1000;
  t.match(await meter.read(), { value: null, why: /only root/ });
  writeFileSync(file, '1000007\n');
  now += 1000;
  t.match(await meter.read(), { value: null, why: /second reading/ });
});

t.test('a battery while it discharges; not a mouse’s', async (t) => {
  const read = async (...trees: Parameters<typeof plant>[1][]) => {
    return (await findPowerMeter(systemOf(t.testdir(), trees))).read();
  };
  const { battery } = sensors;
  t.match(await read(battery('BAT0', { power_now: '7450000\n' })), { value: 7.45, source: 'battery BAT0' });
  const split = { current_now: '-1000000\n', voltage_now: '7400000\n' };
  t.match(await read(battery('BAT1', split)), { value: 7.4 });
  t.match(await read(battery('BAT0', { status: 'Charging\n', power_now: '9000000\n' })), {
    value: null,
    why: /does not run on its battery/,
  });
  t.match(await read(battery('hidpp_battery_0', { scope: 'Device\n', power_now: '1\n' })), { source: 'none' });
});

t.test('what sees more of the board comes first', async (t) => {
  const source = async (...trees: Parameters<typeof plant>[1][]) => {
    const system = systemOf(t.testdir(), trees, printing(sensors.pmicReadAdc));
    return (await (await findPowerMeter(system)).read()).source;
  };
  t.equal(await source(pi5, sensors.ina219), 'hwmon ina219');
  t.equal(await source(sensors.ina219, sensors.ina3221Hwmon), 'hwmon ina3221 VDD_IN');
  t.equal(await source(sensors.rapl('1'), sensors.battery('BAT0', { power_now: '1\n' })), 'battery BAT0');
});
