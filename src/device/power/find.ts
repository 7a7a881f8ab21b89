import { type Clock, noSensor, type PowerMeter } from '../reading.js';
import type { System } from '../system.js';
import { findBattery } from './battery.js';
import { findIna2xx, findIna3221 } from './ina.js';
import { findPmic } from './pmic.js';
import { findRapl } from './rapl.js';

/**
 * The board's best power meter: the one that sees most of it. Where there is none, a meter that says so; power is
 * never estimated. What is found stays chosen: one that vanishes later says null, and another scope never slips in.
 *
 * @param now milliseconds that only ever go up
 */
export async function findPowerMeter(system: System, now: Clock = () => performance.now()): Promise<PowerMeter> {
  return (
    (await findIna3221(system)) ??
    (await findIna2xx(system)) ??
    (await findPmic(system, now)) ??
    (await findBattery(system)) ??
    (await findRapl(system, now)) ?? { read: async () => noSensor('W') }
  );
}
