import { findHwmon } from './hwmon.js';
import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

const scope = 'the first fan that the kernel drives; not one that is wired to 5 V only';

/** The fan: its speed where it has a tachometer (rpm), else how hard it is driven (%). */
export async function readFan(system: System): Promise<Reading> {
  for (const { name, folder } of await findHwmon(system)) {
    const speed = await system.integer(`${folder}/fan1_input`);
    if (speed !== undefined) return { value: speed, unit: 'rpm', source: `hwmon ${name}`, scope };
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
  if (speed) return { value: speed, unit: 'rpm', source: 'pwm-fan', scope };
  return duty(await system.integer(`${folder}/cur_pwm`), 'pwm-fan');
}

/** @param pwm 0..255 */
function duty(pwm: number | undefined, source: string): Reading {
  const known: Reading = { value: null, unit: '%', source, scope };
  const valid = pwm !== undefined && pwm >= 0 && pwm <= 255;
  return valid ? { ...known, value: (pwm / 255) * 100 } : silent(known, 'the driver does not answer');
}
