import { readCompatible } from './board.js';
import { findHwmon } from './hwmon.js';
import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';
import { vcgencmdAdvice } from './vcgencmd.js';

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
