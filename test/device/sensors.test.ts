import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { readClocks } from '../../src/device/cpu.js';
import { readGpu, readPowerMode } from '../../src/device/gpu.js';
import { Sensors } from '../../src/device/sensors.js';
import {
  parseThrottled,
  readFan,
  readTemperature,
  readThrottling,
  readUnderVoltage,
} from '../../src/device/thermal.js';
import { jetsonNano, orinNanoJetpack5, orinNanoJetpack6, pi5 } from './fixtures/boards.js';
import {
  clockPolicy,
  devfreqGpu,
  hwmon,
  nvpmodel,
  pmicReadAdc,
  printing,
  systemOf,
  thermalZone,
} from './fixtures/sensors.js';

const none = { value: null, source: 'none', scope: '' };

t.test('temperature: the hottest zone of the chip, without those that lie', async (t) => {
  const system = systemOf(t.testdir(), [
    thermalZone(0, 'AO-therm', '99000'),
    thermalZone(1, 'CPU-therm', '41500'),
    thermalZone(2, 'GPU-therm', '43000'),
    thermalZone(3, 'PMIC-Die', '100000'),
    thermalZone(4, 'cv0-thermal-cpu', '-256000'),
    thermalZone(5, 'soc0-thermal', 'rubbish'),
  ]);
  t.match(await readTemperature(system), { value: 43, unit: '°C', source: 'thermal zone GPU-therm' });
});

t.test('temperature of a Raspberry Pi, of an AMD chip, of nothing', async (t) => {
  const read = (...trees: Parameters<typeof systemOf>[1]) => readTemperature(systemOf(t.testdir(), trees));
  t.match(await read(thermalZone(0, 'cpu-thermal', '52355')), { value: 52.355, source: 'thermal zone cpu-thermal' });
  t.match(await read(hwmon(7, 'k10temp', { temp1_input: '61250\n' })), { value: 61.25, source: 'hwmon k10temp' });
  t.match(await read(hwmon(7, 'nvme', { temp1_input: '61250\n' })), none, 'a disk is not the chip');
  t.match(await read(thermalZone(0, 'GPU-therm', '-256000')), { value: null, why: String }, 'a GPU that is off');
  t.match(await read(thermalZone(0, 'cpu-thermal', '')), {
    value: null,
    source: 'thermal zone cpu-thermal',
    why: String,
  });
});

t.test('clocks and governors of each group of cores', async (t) => {
  const system = systemOf(t.testdir(), [
    clockPolicy(0, '0 1 2 3', 1_500_000, 'ondemand'),
    clockPolicy(4, '4 5', 0, 'performance'),
  ]);
  const [small, big, ...rest] = await readClocks(system);
  t.match(small, { cores: [0, 1, 2, 3], current: { value: 1500, unit: 'MHz' }, limit: { value: 2400 } });
  t.equal(small?.governor, 'ondemand');
  t.match(big, { cores: [4, 5], current: { value: null, why: String }, governor: 'performance' });
  t.equal(rest.length, 0);
  t.strictSame(await readClocks(systemOf(t.testdir(), [])), []);
});

t.test('throttle bits, one by one', async (t) => {
  const names = ['underVoltage', 'frequencyCapped', 'throttled', 'softTemperatureLimit'] as const;
  for (const [bit, name] of names.entries()) {
    for (const [time, shift] of [
      ['now', 0],
      ['sinceBoot', 16],
    ] as const) {
      const parsed = parseThrottled(`throttled=0x${(2 ** (bit + shift)).toString(16)}\n`);
      const set = (['now', 'sinceBoot'] as const).flatMap((time) =>
        names.filter((name) => parsed?.[time][name]).map((name) => `${time} ${name}`),
      );
      t.strictSame(set, [`${time} ${name}`]);
    }
  }
  t.match(parseThrottled('throttled=0x0'), { now: { throttled: false }, sinceBoot: { throttled: false } });
  for (const text of ['', 'throttled=', 'throttled=50005', 'error=1 error_msg="x"', 'throttled=0x123456789']) {
    t.equal(parseThrottled(text), undefined, text);
  }
});

t.test('throttling is asked of a Raspberry Pi only', async (t) => {
  const script = printing('throttled=0x50005');
  t.match(await readThrottling(systemOf(t.testdir(), [jetsonNano], script)), none);
  t.match(await readThrottling(systemOf(t.testdir(), [pi5], script)), {
    value: { now: { underVoltage: true, throttled: true, frequencyCapped: false }, sinceBoot: { underVoltage: true } },
    source: 'vcgencmd get_throttled',
  });
  t.match(await readThrottling(systemOf(t.testdir(), [pi5], 'exec sleep 30')), { value: null, why: /in time/ });
  t.match(await readThrottling(systemOf(t.testdir(), [pi5], 'echo moo')), { value: null, why: /something else/ });
});

t.test('under-voltage: from the kernel where it says so, else from the bits', async (t) => {
  const alarm = hwmon(1, 'rpi_volt', { in0_lcrit_alarm: '1\n' });
  t.match(await readUnderVoltage(systemOf(t.testdir(), [pi5, alarm])), { value: true, source: 'hwmon rpi_volt' });
  const bits = systemOf(t.testdir(), [pi5], printing('throttled=0x10000'));
  t.match(await readUnderVoltage(bits), { value: false, source: 'vcgencmd get_throttled' });
  t.match(await readUnderVoltage(systemOf(t.testdir(), [jetsonNano])), none);
});

t.test('fan: speed where it has a tachometer, else how hard it is driven', async (t) => {
  const read = (...trees: Parameters<typeof systemOf>[1]) => readFan(systemOf(t.testdir(), trees));
  t.match(await read(hwmon(2, 'pwmfan', { fan1_input: '3120\n', pwm1: '75\n' })), {
    value: 3120,
    unit: 'rpm',
    source: 'hwmon pwmfan',
  });
  const orin = [hwmon(0, 'pwmfan', { pwm1: '51\n' }), hwmon(1, 'pwm_tach', { fan1_input: '1480\n' })];
  t.match(await read(...orin), { value: 1480, source: 'hwmon pwm_tach' });
  t.match(await read(hwmon(0, 'pwmfan', { pwm1: '51\n' })), { value: 20, unit: '%' });
  t.match(await read(hwmon(0, 'pwmfan', { pwm1: '999\n' })), { value: null, why: String });
  const jetpack4 = { 'sys/devices/pwm-fan/rpm_measured': '0\n', 'sys/devices/pwm-fan/cur_pwm': '255\n' };
  t.match(await read(jetpack4), { value: 100, unit: '%', source: 'pwm-fan' });
  t.match(await read(), none);
});

t.test('power mode of a Jetson, JetPack 4 to 6', async (t) => {
  const read = (...trees: Parameters<typeof systemOf>[1]) => readPowerMode(systemOf(t.testdir(), trees));
  const nano = nvpmodel('pmode:0001', ['MAXN', '5W'], '< PM_CONFIG DEFAULT=0 >');
  t.match(await read(jetsonNano, nano), { value: '5W', source: 'nvpmodel' });
  const jetpack5 = nvpmodel('pmode:0000 fmode:quiet\n', ['15W', '7W']);
  t.match(await read(orinNanoJetpack5, jetpack5), { value: '15W' });
  const jetpack6 = nvpmodel('pmode:0002\n', ['15W', '25W', 'MAXN_SUPER', '7W'], '< PM_CONFIG DEFAULT=1 >');
  t.match(await read(orinNanoJetpack6, jetpack6), { value: 'MAXN_SUPER', scope: /not measured/ });
  t.match(await read({ 'var/lib/nvpmodel/status': 'pmode:0007\n' }), { value: 'mode 7' }, 'nobody names it');
  for (const rubbish of ['', 'pmode:', 'pmode:99999', '\0\0\0\0']) {
    t.match(await read(nvpmodel(rubbish, ['MAXN'])), { value: null, source: 'nvpmodel', why: /nvpmodel -q/ });
  }
  t.match(await read(pi5), none);
});

t.test('clock and load of a Jetson’s GPU, JetPack 4 to 6', async (t) => {
  const read = (...trees: Parameters<typeof systemOf>[1]) => readGpu(systemOf(t.testdir(), trees));
  const memory = devfreqGpu('13d00000.nvdec', 1, 1, '1');
  t.match(await read(devfreqGpu('57000000.gpu', 76_800_000, 921_600_000, '0')), {
    clock: { value: 76.8, unit: 'MHz', source: 'devfreq 57000000.gpu' },
    limit: { value: 921.6 },
    load: { value: 0, unit: '%' },
  });
  t.match(await read(memory, devfreqGpu('17000000.ga10b', 306_000_000, 624_750_000, '873')), {
    clock: { value: 306, source: 'devfreq 17000000.ga10b' },
    load: { value: 87.3 },
  });
  t.match(await read(devfreqGpu('17000000.gpu', 0, 1_020_000_000, '2000')), {
    clock: { value: 0 },
    limit: { value: 1020 },
    load: { value: null, why: String },
  });
  t.match(await read(memory), { clock: none, limit: none, load: none });
});

t.test('a Raspberry Pi 5 in one go; then everything vanishes, and nothing rejects', async (t) => {
  const root = t.testdir();
  const script = `case $1 in get_throttled) echo throttled=0x0;; *) ${printing(pmicReadAdc)}\n;; esac`;
  const trees = [
    pi5,
    thermalZone(0, 'cpu-thermal', '61000'),
    clockPolicy(0, '0 1 2 3', 2_400_000, 'ondemand'),
    hwmon(3, 'rpi_volt', { in0_lcrit_alarm: '0\n' }),
    hwmon(2, 'pwmfan', { fan1_input: '2900\n' }),
  ];
  const sensors = await Sensors.find(systemOf(root, trees, script));
  const readings = await sensors.read();
  t.ok((readings.power.value ?? 0) > 5);
  t.match(readings, {
    temperature: { value: 61 },
    clocks: [{ current: { value: 2400 } }],
    throttling: { value: { now: { throttled: false } } },
    underVoltage: { value: false },
    fan: { value: 2900 },
  });
  for (const folder of ['sys', 'bin', 'proc']) rmSync(join(root, folder), { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 110)); // so that power is asked anew
  t.match(await sensors.read(), {
    power: { value: null, source: 'vcgencmd pmic_read_adc', why: /no vcgencmd/ },
    temperature: none,
    clocks: [],
    throttling: none,
    underVoltage: none,
    fan: none,
  });
});

t.test('a sensor that blocks is null in time, and the others still answer', async (t) => {
  const root = t.testdir();
  const folder = 'sys/class/hwmon/hwmon1';
  const system = systemOf(root, [
    hwmon(1, 'ina219', { curr1_input: '1\n', in1_input: 'x\n' }),
    thermalZone(0, 'cpu-thermal', '47000'),
  ]);
  mkdirSync(join(root, folder), { recursive: true });
  const fifo = join(root, folder, 'power1_input');
  execFileSync('mkfifo', [fifo]);
  const sensors = await Sensors.find(system);
  const before = performance.now();
  t.match(await sensors.read(), { power: { value: null, source: 'hwmon ina219' }, temperature: { value: 47 } });
  t.ok(performance.now() - before < 1500, `${Math.round(performance.now() - before)} ms`);
  // Ends the read, or its thread would keep this process.
  await promisify(execFile)('timeout', ['1', 'sh', '-c', `echo 1 > '${fifo}'`]);
});
