import { readCompatible } from './board.js';
import { findHwmon } from './hwmon.js';
import { noSensor, type Reading, silent } from './reading.js';
import { type System, vcgencmdAdvice } from './system.js';

/** What a chip that still runs can have; others are said by sensors that are off (-256) or mad. °C. */
const plausible = { lowest: -40, highest: 125 };
/** Zones of the chip. Left out: a Jetson's `PMIC-Die`, which always says 100, and of PCs the board and the radio. */
const chipZones = /cpu|gpu|soc|tj|x86_pkg/i;
/** Drivers of the chip's own sensor where there is no such zone. */
const chipDrivers = ['coretemp', 'k10temp', 'zenpower', 'cpu_thermal'];

/** The hottest place of the chip, °C, which is what the firmware throttles by. */
export async function readTemperature(system: System): Promise<Reading> {
  const sensors = [...(await findZones(system)), ...(await findChips(system))];
  let hottest: Reading | undefined;
  for (const { file, source } of sensors) {
    const millidegrees = await system.integer(file);
    const value = millidegrees === undefined ? undefined : millidegrees / 1000;
    if (value === undefined || value < plausible.lowest || value > plausible.highest) continue;
    if (hottest === undefined || value > (hottest.value ?? 0))
      hottest = { value, unit: '°C', source, scope: chipScope };
  }
  const [first] = sensors;
  if (first === undefined) return noSensor('°C');
  return (
    hottest ??
    silent({ value: null, unit: '°C', source: first.source, scope: chipScope }, 'no sensor of the chip answers')
  );
}

const chipScope = 'the hottest place of the chip; not the board, the camera or the air';

interface Sensor {
  /** Millidegrees Celsius. */
  file: string;
  source: string;
}

async function findZones(system: System): Promise<Sensor[]> {
  const root = 'sys/class/thermal';
  const sensors: Sensor[] = [];
  for (const zone of await system.list(root)) {
    const type = zone.startsWith('thermal_zone') ? await system.text(`${root}/${zone}/type`) : undefined;
    if (type && chipZones.test(type)) sensors.push({ file: `${root}/${zone}/temp`, source: `thermal zone ${type}` });
  }
  return sensors;
}

async function findChips(system: System): Promise<Sensor[]> {
  const devices = await findHwmon(system, chipDrivers);
  return devices.map(({ name, folder }) => ({ file: `${folder}/temp1_input`, source: `hwmon ${name}` }));
}

const fanScope = 'the first fan that the kernel drives; not one that is wired to 5 V only';

/** The fan: its speed where it has a tachometer (rpm), else how hard it is driven (%). */
export async function readFan(system: System): Promise<Reading> {
  for (const { name, folder } of await findHwmon(system)) {
    const speed = await system.integer(`${folder}/fan1_input`);
    if (speed !== undefined) return { value: speed, unit: 'rpm', source: `hwmon ${name}`, scope: fanScope };
  }
  // A Jetson has its tachometer in a chip of its own, `pwm_tach`, so speed is looked for everywhere first.
  for (const { name, folder } of await findHwmon(system, ['pwmfan'])) {
    return duty(await system.integer(`${folder}/pwm1`), `hwmon ${name}`);
  }
  return readJetpack4Fan(system);
}

/** NVIDIA's own driver; it measures speed only after `tach_enable` was set, which is not ours to do. */
async function readJetpack4Fan(system: System): Promise<Reading> {
  const folder = 'sys/devices/pwm-fan';
  if ((await system.list(folder)).length === 0) return noSensor('%');
  const speed = await system.integer(`${folder}/rpm_measured`);
  if (speed) return { value: speed, unit: 'rpm', source: 'pwm-fan', scope: fanScope };
  return duty(await system.integer(`${folder}/cur_pwm`), 'pwm-fan');
}

/** @param pwm 0..255 */
function duty(pwm: number | undefined, source: string): Reading {
  const known: Reading = { value: null, unit: '%', source, scope: fanScope };
  const valid = pwm !== undefined && pwm >= 0 && pwm <= 255;
  return valid ? { ...known, value: (pwm / 255) * 100 } : silent(known, 'the driver does not answer');
}

/** What a Raspberry Pi's firmware holds against its power supply and its cooling. */
export interface ThrottleFlags {
  /** Bit 0: the supply is below 4.63 V. */
  underVoltage: boolean;
  /** Bit 1: the clock is capped. */
  frequencyCapped: boolean;
  /** Bit 2: heat or under-voltage slows the chip down. */
  throttled: boolean;
  /** Bit 3: above the soft limit, 60 °C by default on a Pi 3 B+. */
  softTemperatureLimit: boolean;
}

export interface Throttling {
  now: ThrottleFlags;
  /** Bits 16 to 19: at any time since the board was switched on. */
  sinceBoot: ThrottleFlags;
}

/** The firmware's throttle bits; `none` on boards that are no Raspberry Pi. Each reading starts a process. */
export async function readThrottling(system: System): Promise<Reading<Throttling>> {
  if (!(await isRaspberryPi(system))) return noSensor('');
  const known: Reading<Throttling> = {
    value: null,
    unit: '',
    source: 'vcgencmd get_throttled',
    scope: 'what the firmware does to the chip; not what the kernel’s own governor does',
  };
  const result = await system.run('vcgencmd', ['get_throttled']);
  if ('failure' in result) return silent(known, vcgencmdAdvice(result.failure));
  const value = parseThrottled(result.stdout);
  return value === undefined ? silent(known, 'vcgencmd printed something else than bits') : { ...known, value };
}

/** Whether the supply sags now. Costs no process where the kernel has the `rpi_volt` driver. */
export async function readUnderVoltage(system: System): Promise<Reading<boolean>> {
  const [device] = await findHwmon(system, ['rpi_volt']);
  if (device !== undefined) {
    const alarm = await system.integer(`${device.folder}/in0_lcrit_alarm`);
    const known: Reading<boolean> = { value: null, unit: '', source: 'hwmon rpi_volt', scope: 'the 5 V supply' };
    return alarm === undefined ? silent(known, 'the driver does not answer') : { ...known, value: alarm !== 0 };
  }
  const throttling = await readThrottling(system);
  return { ...throttling, value: throttling.value?.now.underVoltage ?? null };
}

/** `throttled=0x50005`. */
export function parseThrottled(text: string): Throttling | undefined {
  const hexadecimal = /^throttled=0x([0-9a-f]{1,8})$/i.exec(text.trim())?.[1];
  if (hexadecimal === undefined) return undefined;
  const bits = Number.parseInt(hexadecimal, 16);
  return { now: flagsOf(bits), sinceBoot: flagsOf(bits >>> 16) };
}

function flagsOf(bits: number): ThrottleFlags {
  const has = (bit: number) => ((bits >>> bit) & 1) === 1;
  return { underVoltage: has(0), frequencyCapped: has(1), throttled: has(2), softTemperatureLimit: has(3) };
}

async function isRaspberryPi(system: System): Promise<boolean> {
  return (await readCompatible(system)).some((name) => name.startsWith('raspberrypi,'));
}
