import { findHwmon } from '../hwmon.js';
import { type Reading, silent } from '../reading.js';
import type { System } from '../system.js';
import type { PowerMeter } from './meter.js';

/** Chips of Linux's ina2xx and ina238 drivers. */
const chips = ['ina219', 'ina220', 'ina226', 'ina230', 'ina231', 'ina238', 'ina260'];

/** An INA219, INA226 or relative that somebody has wired to the board's supply, with its driver loaded. */
export async function findIna2xx(system: System): Promise<PowerMeter | undefined> {
  const [device] = await findHwmon(system, chips);
  if (device === undefined) return undefined;
  const { name, folder } = device;
  const known: Reading = { value: null, unit: 'W', source: `hwmon ${name}`, scope: 'what the sensor is wired to' };
  return {
    async read() {
      const microwatts = await system.integer(`${folder}/power1_input`);
      if (microwatts !== undefined) return { ...known, value: microwatts / 1e6 };
      const millivolts = await system.integer(`${folder}/in1_input`);
      const milliamperes = await system.integer(`${folder}/curr1_input`);
      if (millivolts === undefined || milliamperes === undefined) return silent(known, 'the sensor does not answer');
      return { ...known, value: (millivolts * milliamperes) / 1e6 };
    },
  };
}
