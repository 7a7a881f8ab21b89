import { findHwmon } from '../hwmon.js';
import { type PowerMeter, type Reading, silent } from '../reading.js';
import type { System } from '../system.js';

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

/** One of the chip's three inputs that is wired to something. */
interface Rail {
  label: string;
  /** W; undefined when it can't be read. */
  watts(): Promise<number | undefined>;
}

/** Rails that the others hang on: summing them up as well would count everything twice. */
const totals = ['VDD_IN', 'POM_5V_IN', '5V_IN'];
/**
 * Rails that hang on another one, which holds them: of a Jetson AGX Orin, whose second chip measures the memory's rail, and
 * whose module takes VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0 (power rails in NVIDIA's Jetson Linux Developer Guide).
 */
const partOf: Record<string, string> = { VDDQ_VDD2_1V8AO: 'VIN_SYS_5V0' };

/** A Jetson's INA3221: the whole module on one rail where there is such a rail, else the sum of all rails. */
export async function findIna3221(system: System): Promise<PowerMeter | undefined> {
  const hwmon = await hwmonRails(system);
  const [driver, rails] = hwmon.length > 0 ? ['hwmon ina3221', hwmon] : ['iio ina3221x', await iioRails(system)];
  if (rails.length === 0) return undefined;
  const total = rails.find(({ label }) => totals.includes(label));
  const known = new Set(rails.map(({ label }) => label));
  const read = total === undefined ? rails.filter(({ label }) => !known.has(partOf[label] ?? '')) : [total];
  const labels = read.map(({ label }) => label).join(' + ');
  const scope =
    total === undefined
      ? `the rails ${labels}; none sees the board as a whole`
      : 'the input of the module or board; not what the power supply loses';
  const nothing: Reading = { value: null, unit: 'W', source: `${driver} ${labels}`, scope };
  return {
    async read() {
      let sum = 0;
      for (const { label, watts } of read) {
        const value = await watts();
        if (value === undefined) return silent(nothing, `rail ${label} does not answer`);
        sum += value;
      }
      return { ...nothing, value: sum };
    },
  };
}

/** JetPack 5 and 6, and mainline: `in1_label`, `in1_input` (mV), `curr1_input` (mA). `in7` is a sum of shunts. */
async function hwmonRails(system: System): Promise<Rail[]> {
  const rails: Rail[] = [];
  for (const { folder } of await findHwmon(system, ['ina3221'])) {
    for (const channel of [1, 2, 3]) {
      const label = await system.text(`${folder}/in${channel}_label`);
      if (!isWired(label)) continue;
      const watts = async () => {
        const millivolts = await system.integer(`${folder}/in${channel}_input`);
        const milliamperes = await system.integer(`${folder}/curr${channel}_input`);
        return millivolts === undefined || milliamperes === undefined ? undefined : (millivolts * milliamperes) / 1e6;
      };
      rails.push({ label, watts });
    }
  }
  return rails;
}

/** JetPack 4, NVIDIA's own driver: `rail_name_0`, `in_power0_input` (mW). */
async function iioRails(system: System): Promise<Rail[]> {
  const drivers = 'sys/bus/i2c/drivers/ina3221x';
  const rails: Rail[] = [];
  for (const chip of await system.list(drivers)) {
    for (const device of await system.list(`${drivers}/${chip}`)) {
      if (!device.startsWith('iio:device')) continue;
      const folder = `${drivers}/${chip}/${device}`;
      for (const channel of [0, 1, 2]) {
        const label = await system.text(`${folder}/rail_name_${channel}`);
        if (!isWired(label)) continue;
        const watts = async () => {
          const milliwatts = await system.integer(`${folder}/in_power${channel}_input`);
          return milliwatts === undefined ? undefined : milliwatts / 1e3;
        };
        rails.push({ label, watts });
      }
    }
  }
  return rails;
}

function isWired(label: string | undefined): label is string {
  return Boolean(label) && label !== 'NC';
}
